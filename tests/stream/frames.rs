//! Raw frames against the stream's way in: the cases of the Autobahn suite, by its numbers.
//!
//! What a client may send is echoed, what it may not is closed with the code of RFC 6455, and
//! whatever came before is answered first. Each case is sent whole and byte by byte.

use std::net::SocketAddr;

use futures_util::future::join_all;

use super::echo;
use super::raw::{BYTES, CLOSE, END, Heard, MORE, PING, PONG, Raw, TEXT, close, frame};

struct Case {
    number: &'static str,
    sent: Vec<Vec<u8>>,
    heard: Vec<Heard>,
    /// The code with which the server says goodbye.
    code: u16,
}

/// What may be sent; the client closes with 1000 at the end.
fn fine(number: &'static str, mut sent: Vec<Vec<u8>>, heard: Vec<Heard>) -> Case {
    sent.push(close(1000, b""));
    let code = 1000;
    Case {
        number,
        sent,
        heard,
        code,
    }
}

fn refused(number: &'static str, code: u16, sent: Vec<Vec<u8>>, heard: Vec<Heard>) -> Case {
    Case {
        number,
        sent,
        heard,
        code,
    }
}

fn text(body: &[u8]) -> Heard {
    (END | TEXT, body.to_vec())
}

fn pong(body: &[u8]) -> Heard {
    (END | PONG, body.to_vec())
}

/// Plays each case on connections of its own, in pieces of each size.
async fn play(cases: Vec<Case>) {
    let address = echo::serve();
    let plays = cases.iter().flat_map(|case| {
        // Byte by byte, unless that would take long.
        let long = case.sent.iter().map(Vec::len).sum::<usize>() > 5_000;
        [if long { 997 } else { 1 }, usize::MAX].map(|piece| case.play(address, piece))
    });
    // A server that said goodbye waits a moment for its client: they wait together.
    join_all(plays).await;
}

impl Case {
    async fn play(&self, address: SocketAddr, piece: usize) {
        let number = self.number;
        let mut raw = Raw::connect(address, "/echo", "").await;
        raw.send(&self.sent.concat(), piece).await;
        let mut heard = raw.all().await;
        let (last, goodbye) = heard.pop().unwrap_or_default();
        assert_eq!(last, END | CLOSE, "{number} by {piece}: no goodbye");
        let code = goodbye.first_chunk();
        let code = code.map_or(0, |code| u16::from_be_bytes(*code));
        assert_eq!(code, self.code, "{number} by {piece}");
        assert!(heard == self.heard, "{number} by {piece}: {heard:?}");
    }
}

#[actix_web::test]
async fn messages_of_every_length_are_echoed() {
    let lengths = [0, 125, 126, 127, 128, 65_535, 65_536];
    let cases = lengths.into_iter().flat_map(|length| {
        let (letters, bytes) = (vec![b'*'; length], vec![0xfe; length]);
        [
            fine(
                "1.1",
                vec![frame(END | TEXT, &letters)],
                vec![text(&letters)],
            ),
            fine(
                "1.2",
                vec![frame(END | BYTES, &bytes)],
                vec![(END | BYTES, bytes)],
            ),
        ]
    });
    play(cases.collect()).await;
}

#[actix_web::test]
async fn pings_are_answered_with_what_they_say() {
    let ten = |nth: u8| format!("payload-{nth}").into_bytes();
    let binary = [0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff];
    let longest = [0xfe; 125];
    play(vec![
        fine("2.1", vec![frame(END | PING, b"")], vec![pong(b"")]),
        fine(
            "2.2",
            vec![frame(END | PING, b"Hello!")],
            vec![pong(b"Hello!")],
        ),
        fine("2.3", vec![frame(END | PING, &binary)], vec![pong(&binary)]),
        fine(
            "2.4, 2.6",
            vec![frame(END | PING, &longest)],
            vec![pong(&longest)],
        ),
        refused("2.5", 1002, vec![frame(END | PING, &[0xfe; 126])], vec![]),
        fine("2.7", vec![frame(END | PONG, b"")], vec![]),
        fine("2.8", vec![frame(END | PONG, b"unasked")], vec![]),
        fine(
            "2.9",
            vec![frame(END | PONG, b"unasked"), frame(END | PING, b"ping")],
            vec![pong(b"ping")],
        ),
        fine(
            "2.10, 2.11",
            (0..10).map(|nth| frame(END | PING, &ten(nth))).collect(),
            (0..10).map(|nth| pong(&ten(nth))).collect(),
        ),
    ])
    .await;
}

#[actix_web::test]
async fn reserved_bits_and_kinds_are_refused_after_what_came_before() {
    let hello = || frame(END | TEXT, b"Hello");
    let before = || vec![text(b"Hello")];
    let mut cases = vec![refused(
        "3.1",
        1002,
        vec![frame(END | 0x40 | TEXT, b"Hello")],
        vec![],
    )];
    for (number, bits, op) in [
        ("3.2", 0x20, TEXT),
        ("3.3", 0x30, TEXT),
        ("3.4", 0x40, TEXT),
        ("3.5", 0x50, BYTES),
        ("3.6", 0x60, PING),
        ("3.7", 0x70, CLOSE),
    ] {
        let bad = frame(END | bits | op, b"Hello");
        let sent = vec![hello(), bad, frame(END | PING, b"")];
        cases.push(refused(number, 1002, sent, before()));
    }
    for op in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        let sent = vec![hello(), frame(END | op, b"Hello"), frame(END | PING, b"")];
        cases.push(refused("4.1, 4.2", 1002, sent, before()));
        cases.push(refused(
            "4.1, 4.2",
            1002,
            vec![frame(END | op, b"")],
            vec![],
        ));
    }
    play(cases).await;
}

#[actix_web::test]
async fn messages_in_pieces_are_joined_and_signs_pass_between_them() {
    let ping = || frame(END | PING, b"ping");
    let pieces = || {
        [
            frame(TEXT, b"one"),
            frame(MORE, b"two"),
            frame(END, b"three"),
        ]
    };
    let [one, two, three] = pieces();
    let whole = || text(b"onetwothree");
    play(vec![
        refused(
            "5.1",
            1002,
            vec![frame(PING, b"one"), frame(END, b"two")],
            vec![],
        ),
        refused(
            "5.2",
            1002,
            vec![frame(PONG, b"one"), frame(END, b"two")],
            vec![],
        ),
        fine("5.3 to 5.5", pieces().to_vec(), vec![whole()]),
        fine(
            "5.6 to 5.8, 5.19, 5.20",
            vec![one.clone(), ping(), two.clone(), ping(), three.clone()],
            vec![pong(b"ping"), pong(b"ping"), whole()],
        ),
        refused(
            "5.9",
            1002,
            vec![three.clone(), frame(END | TEXT, b"Hello")],
            vec![],
        ),
        refused(
            "5.12",
            1002,
            vec![two.clone(), frame(END | TEXT, b"Hello")],
            vec![],
        ),
        refused(
            "5.15",
            1002,
            vec![
                one.clone(),
                three.clone(),
                two.clone(),
                frame(END | TEXT, b"Hello"),
            ],
            vec![text(b"onethree")],
        ),
        refused("5.16, 5.17", 1002, vec![two, frame(TEXT, b"Hello")], vec![]),
        refused("5.18", 1002, vec![one, frame(END | TEXT, b"two")], vec![]),
        refused(
            "5.18",
            1002,
            vec![frame(TEXT, b"one"), frame(END | BYTES, b"two")],
            vec![],
        ),
        fine(
            "6.1.2, 6.1.3",
            vec![frame(TEXT, b""), frame(MORE, b"middle"), frame(END, b"")],
            vec![text(b"middle")],
        ),
    ])
    .await;
    let message = [b'*'; 65_536];
    let mut pieces: Vec<_> = message
        .chunks(1_300)
        .map(|piece| frame(MORE, piece))
        .collect();
    pieces[0][0] |= TEXT;
    pieces.push(frame(END, b""));
    play(vec![fine("10.1.1", pieces, vec![text(&message)])]).await;
}

#[actix_web::test]
async fn text_is_utf_8_however_it_is_cut() {
    let mut cases = Vec::new();
    let valid: [&[u8]; 10] = [
        "Hello-µ@ßöäüàá-UTF-8!!".as_bytes(),
        "κόσμε".as_bytes(),
        b"\xf0\x90\x80\x80",
        b"\xf4\x8f\xbf\xbf",
        b"\xef\xbf\xbd",
        b"\xef\xbf\xbe",
        b"\xef\xbf\xbf",
        b"\xed\x9f\xbf",
        b"\xee\x80\x80",
        b"\x7f\xdf\xbf\x00",
    ];
    for body in valid {
        cases.push(fine(
            "6.2, 6.5 to 6.11",
            vec![frame(END | TEXT, body)],
            vec![text(body)],
        ));
        let mut pieces: Vec<_> = body.iter().map(|byte| frame(MORE, &[*byte])).collect();
        pieces[0][0] |= TEXT;
        pieces.push(frame(END, b""));
        cases.push(fine("6.2.3, 6.2.4", pieces, vec![text(body)]));
    }
    let invalid: [&[u8]; 14] = [
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited",
        b"\xce\xba\xe1\xbd",
        b"\xf8\x88\x80\x80\x80",
        b"\xf7\xbf\xbf\xbf",
        b"\x80",
        b"\xbf\x80",
        b"\xc0 \xc1 ",
        b"\xe0 \xe1 ",
        b"\xf0\x80\x80",
        b"\xfe\xfe\xff\xff",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xed\xbf\xbf",
    ];
    for body in invalid {
        cases.push(refused(
            "6.3, 6.12 to 6.21",
            1007,
            vec![frame(END | TEXT, body)],
            vec![],
        ));
        let pieces = vec![frame(TEXT, body), frame(END, b"")];
        cases.push(refused("6.3, 6.12 to 6.21", 1007, pieces, vec![]));
    }
    play(cases).await;
}

#[actix_web::test]
async fn broken_text_is_refused_before_its_message_is_complete() {
    let address = echo::serve();
    let valid = "κόσμε".as_bytes();
    let whole = frame(END | TEXT, &[valid, b"\xf4\x90\x80\x80edited"].concat());
    let head = whole.len() - b"\x90\x80\x80edited".len();
    for (number, sent) in [
        (
            "6.4.1",
            [frame(TEXT, valid), frame(MORE, b"\xf4\x90\x80\x80")].concat(),
        ),
        (
            "6.4.2",
            [frame(TEXT, valid), frame(MORE, b"\xf4\x90")].concat(),
        ),
        ("6.4.3, 6.4.4", whole[..=head].to_vec()),
    ] {
        let mut raw = Raw::connect(address, "/echo", "").await;
        raw.send(&sent, usize::MAX).await;
        let (first, goodbye) = raw.hear().await.unwrap();
        assert_eq!(
            (first, &goodbye[..2]),
            (END | CLOSE, &1007_u16.to_be_bytes()[..]),
            "{number}"
        );
        raw.send(&close(1007, b""), usize::MAX).await;
        assert_eq!(raw.hear().await, None, "{number}");
    }
}

#[actix_web::test]
async fn a_goodbye_is_answered_and_nothing_after_it() {
    let hello = || frame(END | TEXT, b"Hello");
    let bye = || close(1000, b"");
    let longest = [b'*'; 123];
    let mut cases = vec![
        fine("7.1.1", vec![hello()], vec![text(b"Hello")]),
        fine("7.1.2", vec![bye()], vec![]),
        fine("7.1.3", vec![bye(), frame(END | PING, b"")], vec![]),
        fine("7.1.4", vec![bye(), hello()], vec![]),
        fine(
            "7.1.5",
            vec![frame(TEXT, b"one"), bye(), frame(END, b"two")],
            vec![],
        ),
        fine(
            "7.1.6",
            vec![
                frame(END | TEXT, &[b'B'; 256 * 1024]),
                bye(),
                frame(END | PING, b""),
            ],
            vec![text(&[b'B'; 256 * 1024])],
        ),
        refused("7.3.1", 0, vec![frame(END | CLOSE, b"")], vec![]),
        refused("7.3.2", 1002, vec![frame(END | CLOSE, b"a")], vec![]),
        refused("7.3.4", 1000, vec![close(1000, b"Hello")], vec![]),
        refused("7.3.5", 1000, vec![close(1000, &longest)], vec![]),
        refused("7.3.6", 1002, vec![close(1000, &[b'*'; 124])], vec![]),
        refused(
            "7.5.1",
            1007,
            vec![close(1000, b"\xce\xba\xed\xa0\x80")],
            vec![],
        ),
    ];
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        cases.push(refused("7.7", code, vec![close(code, b"")], vec![]));
    }
    for code in [
        0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535,
    ] {
        cases.push(refused("7.9, 7.13", 1002, vec![close(code, b"")], vec![]));
    }
    play(cases).await;
}

#[actix_web::test]
async fn compression_is_not_agreed_on_and_the_stream_works_without_it() {
    let address = echo::serve();
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let mut raw = Raw::connect(address, "/echo", offer).await;
    assert!(
        !raw.hello.contains("sec-websocket-extensions"),
        "{}",
        raw.hello
    );
    raw.send(&frame(END | TEXT, b"12.1"), usize::MAX).await;
    assert_eq!(raw.hear().await, Some(text(b"12.1")));
    raw.send(&frame(END | 0x40 | TEXT, b"12.1"), usize::MAX)
        .await;
    let (first, goodbye) = raw.hear().await.unwrap();
    assert_eq!(
        (first, &goodbye[..2]),
        (END | CLOSE, &1002_u16.to_be_bytes()[..])
    );
}
