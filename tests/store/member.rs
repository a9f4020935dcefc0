//! Accounts and what belongs to them, each as plain as it can be.

use std::time::Duration;

use domain::account::{
    Account, AccountId, ApiKey, Deed, Email, KeyId, PasswordHash, Role, Scope, Sealed,
    SecretDigest, Session, SessionId, Stay,
};
use domain::plan::PlanId;
use domain::ports::accounts::{Accounts, Standing, Subscription};
use domain::ports::mail::Mail;
use uuid::Uuid;

use crate::make::at;

pub(crate) fn id(nth: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(nth))
}

pub(crate) fn digest(nth: u8) -> SecretDigest {
    SecretDigest([nth; 32])
}

pub(crate) fn hash(text: &str) -> PasswordHash {
    PasswordHash(format!("$argon2id${text}"))
}

/// An account of an address; its id is made of the address.
pub(crate) fn account(email: &str) -> Account {
    let email = Email::parse(email).unwrap();
    let named = Uuid::new_v5(&Uuid::NAMESPACE_URL, email.as_str().as_bytes());
    Account {
        id: AccountId::from_uuid(named),
        email,
        password: hash("opened"),
        verified: None,
        role: Role::User,
        language: "en".into(),
        granted: None,
        second: None,
        chosen: Vec::new(),
        created: at(0),
        closed: None,
        revision: 1,
    }
}

pub(crate) async fn opened(store: &impl Accounts, email: &str) -> Account {
    let account = account(email);
    assert!(store.open(&account).await.unwrap());
    account
}

/// How long devices stay here.
pub(crate) const STAY: Stay = Stay {
    unseen: Duration::from_secs(100),
    longest: Duration::from_secs(1_000),
};

/// A device that may come back until the hundredth second.
pub(crate) fn session(of: &Account, nth: u8) -> Session {
    Session {
        id: SessionId::from_uuid(Uuid::from_u128(nth.into())),
        account: of.id,
        agent: format!("device {nth}"),
        address: "2001:db8::7".parse().ok(),
        began: at(1),
        seen: at(1),
        expires: at(100),
    }
}

pub(crate) fn key(of: &Account, nth: u8) -> ApiKey {
    ApiKey {
        id: KeyId::from_uuid(Uuid::from_u128(nth.into())),
        account: of.id,
        name: format!("bot {nth}"),
        prefix: "ts_live_abcdef".to_owned(),
        digest: digest(nth),
        scopes: vec![Scope::StreamRead, Scope::ExportsRead],
        networks: vec!["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()],
        created: at(i64::from(nth)),
        expires: None,
        used: None,
    }
}

/// Somebody who pays for pro; `customer` is made his own by his address.
pub(crate) fn subscription(of: &Account, customer: &str) -> Subscription {
    Subscription {
        account: of.id,
        customer: format!("{customer}_{}", of.email.as_str()),
        subscription: Some("sub_1".to_owned()),
        plan: PlanId::parse("pro").ok(),
        standing: Standing::Active,
        paid_until: Some(at(500)),
        ends: false,
        grace_until: None,
        seen: at(10),
    }
}

pub(crate) fn deed(actor: &str) -> Deed {
    Deed {
        at: at(5),
        actor: actor.to_owned(),
        action: "plan.write".to_owned(),
        subject: "pro".to_owned(),
        detail: "{\"rank\":20}".to_owned(),
    }
}

pub(crate) fn mail(to: &Account, about: &str) -> Mail {
    Mail {
        key: format!("{about}:{}", to.id),
        account: Some(to.id),
        recipient: to.email.clone(),
        template: about.into(),
        language: "en".into(),
        params: Sealed(vec![7, 0, 7]),
        created: at(10),
    }
}
