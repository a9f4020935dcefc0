//! The command line's beginning and end: everything else is in the library.

use std::process::ExitCode;

use clap::Parser as _;
use touchstone::cli::{
    AdminCommand, CandlesCommand, Cli, Command, EpochCommand, ExportCommand, KeysCommand,
};
use touchstone::config::LogFormat;
use touchstone::{commands, telemetry};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = cli.config.as_deref();
    // Nobody sits before a node or a migration: how they end is a line of the log.
    let alone = matches!(
        cli.command,
        None | Some(Command::Serve(_) | Command::Migrate)
    );
    let done = match cli.command {
        Some(Command::Replay(args)) => commands::replay(config, &args),
        Some(Command::Train(args)) => commands::train(config, &args),
        Some(Command::Evaluate(args)) => commands::evaluate(config, &args),
        Some(Command::Parse(args)) if args.files.is_empty() => commands::parse(),
        Some(Command::Parse(args)) => commands::classes(&args),
        Some(Command::Check(args)) => commands::check(config, args),
        Some(Command::Migrate) => commands::migrate(config),
        Some(Command::Admin(AdminCommand::Create(args))) => commands::create_admin(config, &args),
        Some(Command::Admin(AdminCommand::ResetSecondFactor(args))) => {
            commands::reset_second_factor(config, &args)
        }
        Some(Command::Keys(KeysCommand::Rotate(args))) => commands::rotate_keys(config, &args),
        Some(Command::Stripe(command)) => commands::stripe(config, &command),
        Some(Command::Copy(args)) => commands::copy(&args),
        Some(Command::Backup(args)) => commands::backup(config, &args),
        Some(Command::Restore(args)) => commands::restore(config, &args),
        Some(Command::Epoch(EpochCommand::New(args))) => commands::begin_epoch(config, &args),
        Some(Command::Export(ExportCommand::Labels(args))) => commands::labels(config, &args),
        Some(Command::Export(ExportCommand::Signals(args))) => {
            commands::export_signals(config, &args)
        }
        Some(Command::Export(ExportCommand::Outcomes(args))) => {
            commands::export_outcomes(config, &args)
        }
        Some(Command::Export(ExportCommand::Figures(args))) => {
            commands::export_figures(config, &args)
        }
        Some(Command::Reread(args)) => commands::reread(config, &args),
        Some(Command::Rejudge(args)) => commands::rejudge(config, &args),
        Some(Command::Verify(args)) => commands::verify(config, &args),
        Some(Command::Assets(args)) => commands::assets(config, &args),
        Some(Command::Forget(args)) => commands::forget(config, &args),
        Some(Command::Import(args)) => commands::import(config, &args),
        Some(Command::Candles(CandlesCommand::Fetch(args))) => {
            commands::fetch_candles(config, &args)
        }
        Some(Command::Serve(args)) => commands::serve(config, args),
        None => commands::serve(config, cli.serve),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            let format = match alone {
                true => LogFormat::wanted(config),
                false => LogFormat::Text,
            };
            telemetry::ends(format, &error);
            ExitCode::FAILURE
        }
    }
}
