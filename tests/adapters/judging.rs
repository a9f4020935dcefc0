//! Which market judges where a venue has spot and perpetuals, and what is seen of it.

use domain::execution::ExecutionModel;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use actors::floor::{Find, Follow, Found};
use actors::guardian::{Household, Vigil};
use domain::market::{MarketKind, Pair, Venue};
use domain::ports::{Clock, Feed, Nobody};
use scoring::geometry::Geometry;
use touchstone::charts::{Charts, Stretch};
use touchstone::clock::WallClock;
use touchstone::feeds::binance;
use touchstone::platform::{self, Adapters, House, Terms};
use touchstone::store::{Options, SqliteStore};
use touchstone::wire::Encoder;

use crate::exchange;
use crate::server::{Server, until};
use crate::speech::{Exchange, Speech, feed, feed_named};
use crate::stage::Stage;

/// A house over some venues, in order of preference, to which nobody posts.
async fn raise(feeds: Vec<Arc<dyn Feed>>) -> House {
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let adapters = Adapters {
        chain: None,
        bus: None,
        retrials: None,
        store: Arc::new(SqliteStore::open(Options::memory()).await.unwrap()),
        clock: Arc::clone(&clock),
        feeds,
        channels: Vec::new(),
        models: Arc::new(|| Box::new(Geometry)),
        witness: Arc::new(Nobody),
        encode: Arc::new(Encoder),
    };
    let terms = Terms {
        channels: Arbiter::new().handle(),
        markets: Arbiter::new().handle(),
        records: Arbiter::new().handle(),
        patient: false,
        model: ExecutionModel::DEFAULT,
    };
    let household = Household::found(clock, Arc::new(|_| {}), Vigil::default());
    platform::raise(adapters, household, terms).await.unwrap()
}

/// Who judges bitcoin, once both venues have said what they list.
async fn judge(house: &House, venue: Option<&str>, kind: Option<MarketKind>) -> Found {
    let wanted = Find {
        pair: Pair::parse("BTC/USDT").unwrap(),
        quote_implied: false,
        venue: venue.map(Venue::new),
        kind,
    };
    loop {
        // A venue that was asked may not have answered yet.
        match house.floor.ask(wanted.clone()).await.unwrap() {
            Ok(found) => return found,
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}

#[actix::test]
async fn perpetual_signals_are_judged_on_perpetuals_first_and_others_on_spot() {
    let spot = exchange::Exchange::open().await;
    let perpetual = Exchange::open(Speech::Usdm).await;
    let perpetuals = Arc::new(perpetual.feed());
    let feeds: Vec<Arc<dyn Feed>> = vec![
        Arc::new(feed_named(
            "binance",
            binance::spot,
            spot.stream.clone(),
            spot.rest.base.clone(),
        )),
        Arc::clone(&perpetuals) as _,
    ];
    let house = raise(feeds).await;
    until("both are listed", || {
        spot.rest.count("ticker/price") > 0 && perpetual.rest.count("ticker/price") > 0
    })
    .await;

    let futures = Some(MarketKind::Perpetual);
    let asked = async || judge(&house, Some("binance"), futures).await;
    let mut found = asked().await;
    while found.substituted {
        // The answer to the last listing is on its way.
        found = asked().await;
    }
    assert_eq!(found.instrument, Speech::Usdm.instrument());
    for (venue, kind) in [(None, None), (Some("binance"), Some(MarketKind::Spot))] {
        let found = judge(&house, venue, kind).await;
        assert_eq!(found.instrument.to_string(), "binance:spot:BTC/USDT");
        assert!(!found.substituted);
    }

    // What is followed is seen with its last price, from the moment that there is one.
    let followed = Follow(found.instrument.clone());
    house.floor.ask(followed).await.unwrap().unwrap();
    until("it is live", || perpetuals.state(&found.instrument).live).await;
    perpetual.trade("11790");
    let seen = || house.followed.all();
    until("it is seen", || seen()[0].last.is_some()).await;
    assert_eq!(seen().len(), 1);
    assert_eq!(seen()[0].last.unwrap().price.to_string(), "11790");
    house.household.stop().await;
}

#[tokio::test]
async fn a_chart_is_asked_for_once_and_given_again_for_a_moment() {
    let rest = Server::start(|_| {
        crate::server::Reply::ok(r#"{"candles":[{"start":"1712188800","low":"1","high":"3","open":"2","close":"2","volume":"5"}]}"#)
    })
    .await;
    let stage = Stage::open(|request| Speech::Coinbase.answer(request)).await;
    let open = touchstone::feeds::coinbase::spot;
    let venue = feed(open, &stage, &rest, Arc::new(WallClock));
    let charts = Charts::new(BTreeMap::from([(
        Venue::new("venue"),
        Arc::new(venue) as _,
    )]));
    let hour = domain::market::Interval::Hour;
    let from = domain::time::Timestamp::from_millis(1_712_185_200_000);
    let stretch = Stretch {
        instrument: Speech::Coinbase.instrument(),
        interval: hour,
        from,
        to: from + hour.span() * 3,
    };
    let chart = charts.chart(&stretch).await.unwrap();
    let again = charts.chart(&stretch).await.unwrap();
    assert_eq!(chart, again);
    assert_eq!(rest.count("candles"), 1);
    let second = from + hour.span();
    assert_eq!(chart.candles[0].open_time, second);
    let third = second + hour.span();
    assert_eq!(chart.gaps, [(from, second), (third, stretch.to)]);
}
