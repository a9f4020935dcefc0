//! Access tokens that this platform did not make, or not for this.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::api::{problem, read};
use crate::people::{PASSWORD, Person, Town, now};
use crate::wait::until;

/// The key that signs, taken from the database with the secret that seals it.
async fn signing(town: &Town) -> (String, EncodingKey, Vec<u8>) {
    let sql = "SELECT kid, private, public FROM signing_keys ORDER BY made DESC, kid DESC LIMIT 1";
    let row = sqlx::query(sql)
        .fetch_one(&town.pool().await)
        .await
        .unwrap();
    let private = town.open("signing-key", row.get("private"));
    (
        row.get("kid"),
        EncodingKey::from_ed_der(&private),
        row.get("public"),
    )
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all = chunk
            .iter()
            .fold(0_u32, |all, byte| all << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for nth in 0..=chunk.len() {
            let place = all >> (18 - 6 * nth) & 63;
            text.push(char::from(LETTERS[usize::try_from(place).unwrap()]));
        }
    }
    text
}

#[tokio::test]
async fn a_token_is_believed_when_this_platform_made_it_for_this_use_and_for_now_alone() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    let (kid, signs, public) = signing(&town).await;
    let read_back = jsonwebtoken::dangerous::insecure_decode::<Value>(&anna.access).unwrap();
    assert_eq!(read_back.header.alg, Algorithm::EdDSA);
    assert_eq!(read_back.header.kid.as_deref(), Some(kid.as_str()));
    let claims = read_back.claims;
    let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lives, 600);

    let header = |alg| {
        let mut header = Header::new(alg);
        header.kid = Some(kid.clone());
        header
    };
    let sign =
        |header: &Header, claims: &Value| jsonwebtoken::encode(header, claims, &signs).unwrap();
    let with = |member: &str, value: Value| {
        let mut changed = claims.clone();
        changed[member] = value;
        sign(&header(Algorithm::EdDSA), &changed)
    };
    let without = |member: &str| {
        let mut changed = claims.clone();
        changed.as_object_mut().unwrap().remove(member);
        sign(&header(Algorithm::EdDSA), &changed)
    };
    // What this test signs is believed, so that what follows is refused for what is wrong with it.
    let own = sign(&header(Algorithm::EdDSA), &claims);
    assert_eq!(status(&town, &own).await, 200);

    let hmac = |key: &[u8]| {
        let key = EncodingKey::from_secret(key).unwrap();
        jsonwebtoken::encode(&header(Algorithm::HS256), &claims, &key).unwrap()
    };
    let jwks = read(&town.running.api.get("/.well-known/jwks.json", &[]).await);
    let x = jwks["keys"][0]["x"].as_str().unwrap().as_bytes().to_vec();
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let strange = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
    let mut nameless = header(Algorithm::EdDSA);
    nameless.kid = None;
    let mut unknown = header(Algorithm::EdDSA);
    unknown.kid = Some("0".repeat(32));
    let body = own.split('.').nth(1).unwrap();
    let signature = own.split('.').nth(2).unwrap();
    let headed = |alg: &str| {
        let header = base64url(
            json!({ "typ": "JWT", "alg": alg, "kid": kid })
                .to_string()
                .as_bytes(),
        );
        [
            format!("{header}.{body}."),
            format!("{header}.{body}.{signature}"),
        ]
    };
    let mut forged = vec![
        (
            "signed by a key pair of somebody's own",
            jsonwebtoken::encode(&header(Algorithm::EdDSA), &claims, &strange).unwrap(),
        ),
        ("HS256 with the public key", hmac(&public)),
        ("HS256 with the public key as it is published", hmac(&x)),
        ("HS256 with next to nothing", hmac(b"\0")),
        ("no kid", sign(&nameless, &claims)),
        ("another kid", sign(&unknown, &claims)),
        ("another audience", with("aud", json!("touchstone-web"))),
        (
            "several audiences",
            with("aud", json!(["touchstone-api", "other"])),
        ),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("expired", with("exp", json!(now() - 1))),
        ("expired long ago", with("exp", json!(1))),
        ("not yet valid", with("nbf", json!(now() + 30))),
        ("made in the future", with("iat", json!(now() + 30))),
        (
            "valid for longer than any",
            with("exp", json!(now() + 86_400)),
        ),
        (
            "another account",
            with("sub", json!("00000000-0000-4000-8000-000000000000")),
        ),
        (
            "another session",
            with("sid", json!("00000000-0000-4000-8000-000000000000")),
        ),
        ("no id", with("sub", json!("anna@example.org"))),
        ("cut off", own[..own.len() - 2].to_owned()),
        ("nothing in it", "..".to_owned()),
        ("no token", "hello".to_owned()),
    ];
    for alg in ["none", "None", "NONE", "HS256", "RS256", "ES256", ""] {
        let [unsigned, signed] = headed(alg);
        forged.push(("another algorithm, unsigned", unsigned));
        forged.push(("another algorithm, with a signature", signed));
    }
    for member in ["iss", "aud", "sub", "sid", "iat", "nbf", "exp"] {
        forged.push(("a claim is missing", without(member)));
    }
    // Another's session under one's own name, and the other way round.
    let max = town.settle("max").await;
    let his = jsonwebtoken::dangerous::insecure_decode::<Value>(&max.access)
        .unwrap()
        .claims;
    forged.push(("another's session", with("sid", his["sid"].clone())));
    for (what, token) in &forged {
        assert_eq!(status(&town, token).await, 401, "{what}: {token}");
    }
    // A refused token opens nothing that is open to everybody, either: it is told that it is none.
    let headers = [("authorization", format!("Bearer {}", forged[0].1))];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    problem(
        &town.running.api.get("/v1/plans", &headers).await,
        401,
        "unauthenticated",
    );
    println!("{} forged tokens are refused", forged.len());
}

#[tokio::test]
async fn what_a_former_key_signed_is_believed_until_it_retires() {
    let town = Town::found().await;
    let before = town.settle("anna").await;
    let (former, ..) = signing(&town).await;
    // The next key comes, as a node adds it when the newest has signed long enough.
    let next = "f".repeat(32);
    let retires = (now() + 1_200) * 1_000_000;
    town.tell(format!("UPDATE signing_keys SET retires = {retires}"))
        .await;
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let private = town.seal("signing-key", pair.to_pkcs8v1().unwrap().as_ref());
    use aws_lc_rs::signature::KeyPair as _;
    let sql = "INSERT INTO signing_keys (kid, private, public, made, retires) \
               VALUES ($1, $2, $3, (SELECT MAX(made) + 1 FROM signing_keys), NULL)";
    sqlx::query(sql)
        .bind(&next)
        .bind(private)
        .bind(pair.public_key().as_ref().to_vec())
        .execute(&town.pool().await)
        .await
        .unwrap();
    town.tell("UPDATE meta SET door = door + 1".to_owned())
        .await;
    let kids = async || {
        let jwks = town.running.api.json("/.well-known/jwks.json").await;
        let keys = jwks["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    until("the new key is published", async || {
        kids().await.contains(&next).then_some(())
    })
    .await;
    assert!(kids().await.contains(&former));
    let after = town.logged_in(&before.email, PASSWORD).await;
    let header = jsonwebtoken::decode_header(&after.access).unwrap();
    assert_eq!(header.kid, Some(next.clone()));
    for believed in [&before, &after] {
        assert_eq!(status(&town, &believed.access).await, 200);
    }

    let over = now() * 1_000_000;
    town.tell(format!(
        "UPDATE signing_keys SET retires = {over} WHERE kid = '{former}'"
    ))
    .await;
    town.tell("UPDATE meta SET door = door + 1".to_owned())
        .await;
    until("the former key is not believed", async || {
        (status(&town, &before.access).await == 401).then_some(())
    })
    .await;
    assert_eq!(kids().await, [next]);
    assert_eq!(status(&town, &after.access).await, 200);
    // Its device is logged in all the same: it comes back for a token of the new key.
    let body = json!({ "refresh_token": before.refresh });
    assert_eq!(town.post("/v1/auth/refresh", body).await.status, 200);
}

async fn status(town: &Town, token: &str) -> u16 {
    let whose = Person {
        email: String::new(),
        access: token.to_owned(),
        refresh: String::new(),
    };
    let answer = town
        .ask(&whose.bearer(), Method::GET, "/v1/account", None)
        .await;
    answer.status.as_u16()
}

#[tokio::test]
async fn a_node_hears_within_a_second_what_another_one_did() {
    let town = Town::found().await;
    let anna = town.settle("anna").await;
    assert_eq!(status(&town, &anna.access).await, 200);
    town.tell("DELETE FROM sessions".to_owned()).await;
    town.tell("UPDATE meta SET door = door + 1".to_owned())
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(status(&town, &anna.access).await, 401);
}
