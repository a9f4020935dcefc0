//! Policies: what a handler needs of whoever asks stands in its type.
//!
//! A handler that takes [`Guarded<P>`] is reached by those whom `P` admits, and by nobody else. Who
//! asks is found out once, before any handler, by [`identify`].

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::net::IpAddr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, FORWARDED, HOST, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, web};
use domain::account::{Role, Scope};
use domain::ids::ChannelId;
use domain::plan::Feature;

use super::error::ApiError;
use super::guard::{FORWARDED_FOR, Guard, is_local};
use super::people;
use crate::accounts::door::Shown;
use crate::accounts::{Caller, Door, Who};

/// A browser's cookie. The prefix lets no other host and no page without TLS set it.
pub const COOKIE: &str = "__Host-touchstone";

/// What a page shows beside the cookie when it changes something: another site cannot.
pub const OURS: &str = "x-touchstone-page";

/// What a policy needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// Somebody with an account, himself and not a program of his.
    Person,
    /// Somebody with an account, or a program with this scope.
    Scope(Scope),
    /// The same, by a plan with this feature.
    Feature(Feature, Scope),
    /// A person with at least this role.
    Role(Role),
}

/// What a handler needs of whoever asks.
pub trait Policy: 'static {
    /// What it needs.
    const NEEDS: Need;
}

/// Defines policies.
macro_rules! policies {
    ($($(#[$doc:meta])* $name:ident => $needs:expr;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Policy for $name {
                const NEEDS: Need = $needs;
            }
        )+
    };
}

policies! {
    /// Anybody.
    Anyone => Need::Nothing;
    /// Somebody with an account, on his own things.
    Person => Need::Person;
    /// A person whose plan has keys.
    KeyHolder => Need::Feature(Feature::Keys, Scope::IngestWrite);
    /// Whoever reads signals, as far as his plan shows them.
    Reader => Need::Scope(Scope::SignalsRead);
    /// Whoever listens, as far as his plan lets him hear.
    Listener => Need::Scope(Scope::StreamRead);
    /// Whoever reads figures and what is behind them.
    Analyst => Need::Feature(Feature::Analytics, Scope::AnalyticsRead);
    /// Whoever writes files.
    Exporter => Need::Feature(Feature::Exports, Scope::ExportsRead);
    /// Whoever is told scores.
    Believer => Need::Feature(Feature::Scores, Scope::ScoresRead);
    /// Whoever asks what another follower would have made.
    Follower => Need::Feature(Feature::WhatIf, Scope::AnalyticsRead);
    /// Whoever confirms and corrects readings.
    Reviewer => Need::Role(Role::Reviewer);
    /// Whoever answers for a channel: the handler asks whether it is his.
    Owner => Need::Role(Role::User);
    /// Whoever counts what happens here: a person who runs the platform, or who sits at the machine.
    Scraper => Need::Role(Role::Admin);
    /// Whoever runs the platform.
    Admin => Need::Role(Role::Admin);
}

/// Somebody whom `P` admits.
#[derive(Debug)]
pub struct Guarded<P> {
    /// Who asks.
    pub caller: Caller,
    policy: PhantomData<P>,
}

impl<P: Policy> FromRequest for Guarded<P> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        let caller = caller.unwrap_or_else(Caller::stranger);
        let admitted = admit(P::NEEDS, &caller, request.app_data::<web::Data<Door>>());
        ready(admitted.map(|()| Self {
            caller,
            policy: PhantomData,
        }))
    }
}

impl Guarded<Owner> {
    /// Whether the channel is the caller's own, or he runs the platform.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotAllowed`].
    pub fn owns(&self, channel: &ChannelId) -> Result<(), ApiError> {
        if self.caller.role == Role::Admin || self.caller.owned.contains(channel) {
            return Ok(());
        }
        Err(ApiError::NotAllowed {
            what: "the owner of the channel, or an admin".to_owned(),
        })
    }
}

/// Whether a need is met.
fn admit(need: Need, caller: &Caller, door: Option<&web::Data<Door>>) -> Result<(), ApiError> {
    let stranger = || ApiError::Unauthenticated {
        why: "log in first: send an access token or a key as `Authorization: Bearer …`".to_owned(),
    };
    if need != Need::Nothing && caller.who == Who::Stranger {
        return Err(stranger());
    }
    match need {
        Need::Nothing => Ok(()),
        Need::Person => match caller.who {
            Who::Member { .. } => Ok(()),
            Who::Stranger | Who::Operator => Err(stranger()),
            Who::Program { .. } => Err(not_for_programs()),
        },
        Need::Scope(scope) => in_scope(caller, scope),
        Need::Feature(feature, scope) => {
            in_scope(caller, scope)?;
            if caller.entitled.allows.has(feature) {
                return Ok(());
            }
            let plan = door.and_then(|door| door.plan_of(feature));
            Err(plan_needed(feature, plan.map(|plan| plan.title)))
        }
        Need::Role(role) => match caller.who {
            Who::Program { .. } => Err(not_for_programs()),
            Who::Stranger | Who::Operator | Who::Member { .. } if caller.role >= role => Ok(()),
            Who::Stranger | Who::Operator | Who::Member { .. } => Err(ApiError::NotAllowed {
                what: format!("the role {}", role.label()),
            }),
        },
    }
}

fn not_for_programs() -> ApiError {
    ApiError::NotAllowed {
        what: "a person: a key is for reading, listening and bringing posts".to_owned(),
    }
}

fn in_scope(caller: &Caller, scope: Scope) -> Result<(), ApiError> {
    if !caller.may(scope) {
        return Err(ApiError::NotAllowed {
            what: format!("a key with the scope {}", scope.label()),
        });
    }
    // A key outlives the plan that had keys; it opens nothing meanwhile.
    if matches!(caller.who, Who::Program { .. }) && !caller.entitled.allows.has(Feature::Keys) {
        return Err(plan_needed(Feature::Keys, None));
    }
    Ok(())
}

/// The plan lacks something.
pub(super) fn plan_needed(feature: Feature, plan: Option<String>) -> ApiError {
    let what = match feature {
        Feature::Analytics => "this",
        Feature::Exports => "exporting",
        Feature::Scores => "a score",
        Feature::WhatIf => "asking what if",
        Feature::Keys => "a key for programs",
    };
    match plan {
        Some(plan) => ApiError::PlanNeeded {
            what: what.to_owned(),
            plan,
        },
        None => ApiError::NotAllowed {
            what: format!("a plan with `{}`", feature.label()),
        },
    }
}

/// From where somebody asks.
pub(super) fn address_of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let guard = request.app_data::<web::Data<Guard>>();
    Some(guard.map_or(peer, |guard| guard.origin_of(peer, request.headers())))
}

/// Finds out who asks, before any handler. Whoever shows something that is not believed is told so,
/// whatever he asks for; whoever shows nothing is a stranger.
///
/// # Errors
///
/// Those of the handlers behind it.
pub async fn identify(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(door) = request.app_data::<web::Data<Door>>().cloned() else {
        return Ok(request.error_response(ApiError::Internal));
    };
    let cookie = request.cookie(COOKIE);
    let caller = {
        let headers = request.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text(AUTHORIZATION).and_then(bearer_of);
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let forwarded = headers.contains_key(FORWARDED) || headers.contains_key(FORWARDED_FOR);
        let shown = Shown {
            bearer,
            cookie: cookie.as_ref().map(|cookie| cookie.value()),
            address: address_of(request.request()),
            at_the_machine: !forwarded
                && peer.is_some_and(|address| address.is_loopback())
                && is_local(text(HOST).unwrap_or_default()),
        };
        door.identify(&shown).await
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(denied) => return Ok(request.error_response(ApiError::from(denied))),
    };
    // A form of our pages shows who made it in a field, which its handler looks at: see `people`.
    let form = people::takes_forms(request.path());
    if caller.by_cookie && changes(request.method()) && !form && !is_ours(&request) {
        return Ok(request.error_response(ApiError::Forbidden {
            why: format!("a browser must show that the page is ours: send the header {OURS}: 1"),
        }));
    }
    request.extensions_mut().insert(caller);
    let response = next.call(request).await?;
    Ok(response.map_into_boxed_body())
}

fn bearer_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn changes(method: &Method) -> bool {
    !(method.is_safe())
}

/// Whether a page of this very host asks. A header of our own cannot be sent by a form of another
/// site, and by its script only after a question that is answered with no.
fn is_ours(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).unwrap_or_default();
    let same = |origin: &str| {
        let bare = origin.split_once("://").map(|(_, authority)| authority);
        bare == Some(host)
    };
    text(ORIGIN).is_none_or(same) && headers.contains_key(OURS)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::account::{AccountId, KeyId, SessionId};
    use domain::plan::{Allowance, Entitlement};
    use uuid::Uuid;

    use super::*;

    fn member(features: &[Feature], role: Role) -> Caller {
        let nobody = Uuid::nil();
        Caller {
            who: Who::Member {
                account: AccountId::from_uuid(nobody),
                session: SessionId::from_uuid(nobody),
            },
            role,
            entitled: Arc::new(Entitlement {
                plan: None,
                allows: Allowance {
                    features: features.iter().copied().collect(),
                    ..Allowance::everything()
                },
                chosen: Vec::new(),
            }),
            ..Caller::stranger()
        }
    }

    fn program(features: &[Feature], scopes: &[Scope]) -> Caller {
        let nobody = Uuid::nil();
        Caller {
            who: Who::Program {
                account: AccountId::from_uuid(nobody),
                key: KeyId::from_uuid(nobody),
                scopes: scopes.into(),
            },
            ..member(features, Role::Admin)
        }
    }

    #[test]
    fn each_need_is_met_by_those_whom_it_means_alone() {
        let met = |need, caller: &Caller| admit(need, caller, None).is_ok();
        let (user, admin) = (member(&[], Role::User), member(&[], Role::Admin));
        let stranger = Caller::stranger();
        assert!(met(Anyone::NEEDS, &stranger) && !met(Reader::NEEDS, &stranger));
        assert!(met(Reader::NEEDS, &user) && met(Person::NEEDS, &user));
        assert!(!met(Person::NEEDS, &Caller::operator()) && met(Admin::NEEDS, &Caller::operator()));
        assert!(!met(Admin::NEEDS, &user) && met(Admin::NEEDS, &admin));
        assert!(met(Reviewer::NEEDS, &admin) && !met(Reviewer::NEEDS, &user));
        assert!(!met(Exporter::NEEDS, &user));
        assert!(met(
            Exporter::NEEDS,
            &member(&[Feature::Exports], Role::User)
        ));
    }

    #[test]
    fn a_program_is_held_to_its_scopes_and_to_a_plan_with_keys() {
        let met = |need, caller: &Caller| admit(need, caller, None).is_ok();
        let keys = [Feature::Keys];
        assert!(met(Reader::NEEDS, &program(&keys, &[Scope::SignalsRead])));
        assert!(!met(Reader::NEEDS, &program(&keys, &[Scope::StreamRead])));
        assert!(!met(Reader::NEEDS, &program(&[], &[Scope::SignalsRead])));
        for need in [Person::NEEDS, Admin::NEEDS, Reviewer::NEEDS] {
            assert!(!met(need, &program(&keys, &Scope::ALL)));
        }
    }

    #[test]
    fn the_scheme_of_a_token_is_read_in_any_case() {
        assert_eq!(bearer_of("bearer x"), Some("x"));
        assert_eq!(bearer_of("Basic x"), None);
    }
}
