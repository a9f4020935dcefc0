//! Copying takes accounts along with everything that is theirs.

use std::sync::Arc;

use domain::account::{Purpose, Sealed};
use domain::plan::{Allowance, Plan, PlanId, Prices};
use domain::ports::accounts::{Accounts, Credential, Rotated, SigningKey};
use domain::ports::mail::Outbox as _;
use domain::ports::roster::{Roster as _, Words};
use touchstone::store::copy::copy;
use touchstone::store::{Durability, Kept, Opened, PgStore};

use crate::make::*;
use crate::member::*;
use crate::server::House;

#[tokio::test]
async fn everything_of_accounts_is_copied_and_goes_on_in_its_new_place() {
    let (file, _folder) = crate::file().await;
    let alpha = registered(&file, "alpha").await;
    let anna = opened(&file, "anna@example.org").await;
    file.keep_recovery(anna.id, &[digest(1)]).await.unwrap();
    let link = file.keep_link(anna.id, Purpose::Reset, digest(2), at(99));
    link.await.unwrap();
    let (browser, bot) = (session(&anna, 1), session(&anna, 2));
    let with = Credential::Cookie(digest(3));
    file.begin(&browser, with).await.unwrap();
    let with = Credential::Refresh(digest(4));
    file.begin(&bot, with).await.unwrap();
    let rotated = file.rotate(digest(4), digest(5), at(2), STAY);
    assert!(matches!(rotated.await.unwrap(), Rotated::Fresh(_)));
    file.make_key(&key(&anna, 6)).await.unwrap();
    let signs = SigningKey {
        kid: "first".to_owned(),
        private: Sealed(vec![0, 1]),
        public: vec![9; 32],
        made: at(1),
        retires: None,
    };
    file.add_signing_key(&signs, None, at(9)).await.unwrap();
    let pro = Plan {
        id: PlanId::parse("pro").unwrap(),
        title: "Pro".to_owned(),
        rank: 20,
        prices: Prices::default(),
        allows: Allowance::everything(),
    };
    file.write_plan(&pro, false).await.unwrap();
    file.subscribe(&subscription(&anna, "cus")).await.unwrap();
    file.give(&alpha, Some(anna.id)).await.unwrap();
    let words = Words {
        description: Some("Breakouts.".to_owned()),
        statement: None,
        at: at(7),
    };
    file.say(&alpha, &words).await.unwrap();
    let month = "2026-11".into();
    let requests = [(anna.id, 7)].into();
    file.count_requests(&month, &requests).await.unwrap();
    file.record(&deed("operator")).await.unwrap();
    file.put(&mail(&anna, "verify")).await.unwrap();

    let from = Opened::Sqlite(Arc::new(file));
    let house = House::make().await;
    let to = PgStore::open(house.options()).await.unwrap();
    let to = Opened::Postgres(Arc::new(to));
    let copied = copy(&from, &to, |_, _| {}).await.unwrap();
    for table in [
        "accounts",
        "recovery_codes",
        "links",
        "sessions",
        "refreshes",
        "api_keys",
        "signing_keys",
        "plans",
        "subscriptions",
        "owners",
        "words",
        "requests",
        "deeds",
        "mails",
    ] {
        let there = copied.iter().find(|one| one.table == table);
        assert!(there.unwrap().rows > 0, "{table}");
    }

    // And back again, into a file: what arrives is what was sent, and it goes on.
    let folder = tempfile::tempdir().unwrap();
    let back = Kept::File(folder.path().join("back.db"), Durability::Normal);
    let back = back.open().await.unwrap();
    copy(&to, &back, |_, _| {}).await.unwrap();
    for place in [&to, &back] {
        let (old, new) = (from.accounts(), place.accounts());
        assert_eq!(new.account(anna.id).await.unwrap(), Some(anna.clone()));
        assert_eq!(
            new.sessions(anna.id, at(5)).await.unwrap(),
            old.sessions(anna.id, at(5)).await.unwrap()
        );
        assert_eq!(new.keys(anna.id).await.unwrap(), [key(&anna, 6)]);
        assert_eq!(
            new.signing_keys().await.unwrap(),
            std::slice::from_ref(&signs)
        );
        assert_eq!(new.plans().await.unwrap(), std::slice::from_ref(&pro));
        let paid = new.subscription(anna.id).await.unwrap();
        assert_eq!(paid, Some(subscription(&anna, "cus")));
        assert_eq!(
            new.owned(anna.id).await.unwrap(),
            std::slice::from_ref(&alpha)
        );
        let told = place.port().channels().await.unwrap();
        assert_eq!(told[0].words.as_ref(), Some(&words));
        let shown = new.by_cookie(digest(3), at(5)).await.unwrap();
        assert_eq!(shown.map(|it| it.id), Some(browser.id));
        let counted = new.count_requests(&month, &[(anna.id, 1)].into()).await;
        assert_eq!(counted.unwrap(), [(anna.id, 8)].into());
        new.record(&deed("after")).await.unwrap();
        let numbers: Vec<_> = new.deeds(None, 9).await.unwrap();
        assert_eq!(numbers[0].0, 2);
        let waiting = place.outbox().take(at(10), at(20), 9).await.unwrap();
        assert_eq!(waiting[0].mail, mail(&anna, "verify"));
        let reset = new.take_link(Purpose::Reset, digest(2), at(5));
        assert_eq!(reset.await.unwrap(), Some(anna.id));
        assert!(new.take_recovery(anna.id, digest(1)).await.unwrap());
        // A token that was exchanged before the move is known as such after it.
        let reused = new.rotate(digest(4), digest(8), at(5), STAY);
        assert!(matches!(reused.await.unwrap(), Rotated::Reused(_)));
        // The newcomer's number follows.
        let max = opened_by(&*new, "max@example.org").await;
        let mut all = vec![anna.clone(), max];
        all.sort_by_key(|it| it.id);
        assert_eq!(new.accounts(None, 9).await.unwrap(), all);
    }
}

async fn opened_by(store: &dyn Accounts, email: &str) -> domain::account::Account {
    let account = account(email);
    assert!(store.open(&account).await.unwrap());
    account
}
