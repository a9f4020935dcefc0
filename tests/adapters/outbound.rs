//! The way out, against a server that would rather keep us.

use touchstone::outbound::{Limits, Outbound, OutboundError, Reach};

use crate::server::{Reply, Server, within};

async fn get(reach: Reach, server: &Server, limits: Limits) -> Result<u16, OutboundError> {
    let outbound = Outbound::new(reach, limits).unwrap();
    let answer = outbound.get(server.base.clone(), Default::default());
    within("an answer", answer)
        .await
        .map(|answer| answer.status.as_u16())
}

#[tokio::test]
async fn this_machine_is_not_called_for_a_user_neither_by_number_nor_by_name() {
    let server = Server::start(|_| Reply::ok("secret")).await;
    let error = get(Reach::Public, &server, Limits::default()).await;
    assert!(matches!(error, Err(OutboundError::Forbidden(_))));

    let mut named = server.base.clone();
    named.set_host(Some("localhost")).unwrap();
    let outbound = Outbound::new(Reach::Public, Limits::default()).unwrap();
    let error = within("an answer", outbound.get(named, Default::default())).await;
    assert!(matches!(error, Err(OutboundError::Failed(_))));
    assert!(server.seen().is_empty());

    let allowed = get(Reach::Anywhere, &server, Limits::default()).await;
    assert_eq!(allowed.unwrap(), 200);
    let agent = server.seen()[0].headers["user-agent"].clone();
    assert!(agent.starts_with("touchstone/"));
}

#[tokio::test]
async fn a_body_that_does_not_end_is_cut_off() {
    let server = Server::start(|_| Reply::ok("x".repeat(5_000))).await;
    let limits = Limits {
        body: 4_999,
        ..Limits::default()
    };
    let error = get(Reach::Anywhere, &server, limits).await;
    assert!(matches!(error, Err(OutboundError::TooLarge(4_999))));
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_allowed() {
    let server = Server::start(|_| Reply::status(302).with("Location", "/again")).await;
    for redirects in [0, 3] {
        let before = server.seen().len();
        let limits = Limits {
            redirects,
            ..Limits::default()
        };
        let status = get(Reach::Anywhere, &server, limits).await.unwrap();
        assert_eq!((status, server.seen().len() - before), (302, redirects + 1));
    }
}
