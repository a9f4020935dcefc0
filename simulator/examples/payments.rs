//! The payments room alone, for clients in other languages: prints where it is and what opens it,
//! and takes orders on its input, one a line (`pass SECONDS`, `webhooks URL`, `twice`, `lose N`).

#![expect(clippy::print_stdout, reason = "it is a tool of the command line")]

use std::io::BufRead as _;
use std::time::Duration;

use simulator::{Options, PaymentsOptions, start};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut payments = PaymentsOptions::default();
    if let Some(port) = std::env::args().nth(1) {
        payments.listen.set_port(port.parse()?);
    }
    let simulator = start(Options {
        payments: Some(payments),
        ..Options::default()
    })?;
    let room = simulator.payments().ok_or("there is no such room")?;
    println!(
        "{} {} {}",
        room.base_url(),
        room.secret_key(),
        room.webhook_secret()
    );
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (order, about) = line.split_once(' ').unwrap_or((&line, ""));
        match order {
            "pass" => room.pass(Duration::from_secs(about.parse()?)),
            "webhooks" => room.send_webhooks_to(about)?,
            "twice" => room.mischief().deliver_twice(true),
            "lose" => room.mischief().lose(about.parse()?),
            other => return Err(format!("unknown order: {other}").into()),
        }
        println!("ok");
    }
    Ok(())
}
