#!/usr/bin/env python3
"""The dashboards, as code: writes monitoring/grafana/dashboards/*.json, which Grafana reads.

Needs `grafana-foundation-sdk`, by which the JSON is what Grafana understands:
    python3 -m venv .tools/monitoring && .tools/monitoring/bin/pip install grafana-foundation-sdk
    .tools/monitoring/bin/python monitoring/grafana/dashboards.py [FOLDER]
A dashboard is a list of rows, a row a list of panels; a panel has a title, a unit and its queries.
"""

import itertools
import pathlib
import sys
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, StackingMode, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableOption, VariableRefresh, VariableSort

SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
HERE = pathlib.Path(__file__).parent / "dashboards"


@dataclass
class Panel:
    """What one panel shows: each query with the legend of its series."""

    title: str
    unit: str
    queries: list[tuple[str, str]]
    about: str = ""
    number: bool = False     # the newest value alone, large
    stacked: bool = False
    width: int = 8


@dataclass
class Row:
    title: str
    panels: list[Panel] = field(default_factory=list)


def of(metric: str, labels: str = "") -> str:
    """A metric of the nodes that were chosen."""
    return f'{metric}{{instance=~"$instance"{", " + labels if labels else ""}}}'


def rate(metric: str, by: str = "", labels: str = "") -> str:
    """How fast a counter rises, a second, summed by some labels."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({of(metric, labels)}[$__rate_interval]))"


def hourly(metric: str, by: str = "", labels: str = "") -> str:
    """By how much a counter rose within the hour before."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (increase({of(metric, labels)}[1h]))"


def quantile(q: float, histogram: str, labels: str = "", by: str = "") -> str:
    """So many of a hundred took at most so long."""
    grouped = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, sum by ({grouped}) (rate({of(histogram + '_bucket', labels)}[$__rate_interval])))"


def quantiles(histogram: str, labels: str = "") -> list[tuple[str, str]]:
    return [(f"{int(q * 100)} %", quantile(q, histogram, labels)) for q in (0.5, 0.9, 0.99)]


def total(metric: str, by: str = "", labels: str = "") -> str:
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} ({of(metric, labels)})"


def paid(standing: str) -> str:
    """Subscriptions that stand so. Every node counts the same ones."""
    labels = f'standing=~"{standing}"'
    return f"max by (plan, standing) ({of('touchstone_subscriptions', labels)})"


STAGE = "touchstone_stage_seconds"
REQUESTS = "touchstone_http_requests_total"
ASKED = 'route!~"/healthz|/readyz|/metrics"'     # by people and bots, not by who watches
FAILED = f'{ASKED}, status=~"5..|panicked"'

STREAM = [
    Row("Who listens", [
        Panel("Connections", "short", [("connections", total("touchstone_stream_sessions")), ("subscriptions", total("touchstone_stream_subscriptions"))]),
        Panel("Events", "ops", [("{{type}}", rate("touchstone_events_total", "type"))], "What is stored, and so shown.", stacked=True),
        Panel("From the store to a listener", "s", quantiles(STAGE, 'stage="stored_to_sent"'), "From the commit of an event until its frame is written to a socket."),
    ]),
    Row("Who does not get everything at once", [
        Panel("Connections that were closed", "short", [("{{why}}", hourly("touchstone_stream_closed_total", "why"))], "Within the hour before, by why."),
        Panel("Gaps that were told", "short", [("{{why}}", hourly("touchstone_stream_gaps_total", "why"))], "Within the hour before: what a subscription missed and was told so."),
        Panel("Fallen behind", "short", [("listeners", hourly("touchstone_outbox_overflows_total")), ("markets", hourly("touchstone_hub_ears_overflowed_total")), ("refused connections", hourly("touchstone_stream_refused_total"))], "Within the hour before. What they did not hear they read in the store."),
    ]),
    Row("Requests", [
        Panel("How they end", "ops", [("{{status}}", rate(REQUESTS, "status"))], "`gone`: nobody waited for the answer. `panicked`: its handler fell over.", stacked=True),
        Panel("Failures of ours", "percentunit", [("of all", f"({rate(REQUESTS, labels=FAILED)} or vector(0)) / {rate(REQUESTS, labels=ASKED)}")], "But for probes."),
        Panel("How long an answer takes", "s", quantiles("touchstone_http_request_seconds", ASKED), "Until it begins; without probes, streams and exports."),
        Panel("Most asked for", "ops", [("{{method}} {{route}}", f"topk(10, {rate(REQUESTS, 'method, route', ASKED)})")], width=12),
        Panel("Slowest", "s", [("{{route}}", f"topk(10, {quantile(0.99, 'touchstone_http_request_seconds', ASKED, 'route')})")], "So long took one of a hundred.", width=12),
    ]),
    Row("Redis", [
        Panel("Behind the store", "s", [("oldest event that it lacks", f"max ({of('touchstone_relay_lag_seconds')})")]),
        Panel("Events that it lacks", "short", [("events", f"max ({of('touchstone_relay_lag_events')})")]),
        Panel("From the store to Redis", "s", quantiles(STAGE, 'stage="stored_to_relayed"')),
        Panel("Brought and taken out", "ops", [("brought", rate("touchstone_relay_appended_total")), ("brought by another", rate("touchstone_relay_already_there_total")), ("taken out by age", rate("touchstone_relay_trimmed_total"))]),
        Panel("Failures", "short", [("attempts that failed", hourly("touchstone_relay_failures_total")), ("connections made", hourly("touchstone_redis_reconnects_total")), ("events without a bell", hourly("touchstone_bell_unheard_total")), ("requests counted alone", hourly("touchstone_rates_counted_alone_total"))], "Within the hour before."),
    ]),
]

CHANNELS = [
    Row("Posts", [
        Panel("Posts received", "ops", [("{{channel}}", rate("touchstone_posts_received_total", "channel"))], stacked=True),
        Panel("What became of them", "ops", [("{{outcome}}", rate("touchstone_post_outcomes_total", "outcome"))], stacked=True),
        Panel("Not accounted for", "short", [("posts", f"{total('touchstone_posts_received_total')} - ({total('touchstone_post_outcomes_total')} or vector(0)) - {total('touchstone_posts_in_flight')}")], "Received less outcomes less in flight: nought, always.", number=True, width=4),
        Panel("In flight", "short", [("posts", total("touchstone_posts_in_flight"))], number=True, width=4),
    ]),
    Row("How long it takes", [
        Panel("From receipt to score", "s", quantiles(STAGE, 'stage="received_to_scored"')),
        Panel("From receipt to store", "s", quantiles(STAGE, 'stage="received_to_stored"')),
        Panel("Scoring", "s", quantiles("touchstone_scoring_seconds"), "How long the models took for what was waiting."),
    ]),
    Row("Sources", [
        Panel("Sources, by what they do", "short", [("{{doing}}", total("touchstone_sources", "doing"))], stacked=True),
        Panel("Looks", "short", [("{{channel}} {{outcome}}", hourly("touchstone_source_looks_total", "channel, outcome"))], "At pages and feeds, within the hour before."),
        Panel("Failures", "short", [("{{channel}}", hourly("touchstone_source_errors_total", "channel")), ("lines of {{channel}}", hourly("touchstone_source_bad_lines_total", "channel"))], "Within the hour before."),
        Panel("Refused at the gate", "short", [("{{why}}", hourly("touchstone_ingest_refused_total", "why"))], "Posts that were brought, within the hour before."),
    ]),
    Row("The house", [
        Panel("Deaths", "short", [("{{room}}", hourly("touchstone_actor_deaths_total", "room")), ("did not answer", hourly("touchstone_actor_abandoned_total")), ("threads of models", hourly("touchstone_scorer_threads_abandoned_total"))], "Within the hour before. Each was reborn."),
        Panel("Waiting at doors", "short", [("{{room}} {{name}}", f"topk(10, {of('touchstone_door_waiting')})")]),
    ]),
]

FEEDS = [
    Row("Prices", [
        Panel("Markets", "short", [("{{venue}} {{state}}", total("touchstone_feed_markets", "venue, state"))], stacked=True),
        Panel("Age of the newest price", "s", [("{{venue}}", f"time() - max by (venue) ({of('touchstone_feed_last_trade_timestamp_seconds')})")]),
        Panel("Frames", "ops", [("{{venue}} {{kind}}", rate("touchstone_feed_frames_total", "venue, kind"))]),
    ]),
    Row("What goes wrong, within the hour before", [
        Panel("Connections lost", "short", [("{{venue}}", hourly("touchstone_feed_reconnects_total", "venue"))]),
        Panel("Gaps", "short", [("{{venue}} noticed", hourly("touchstone_feed_gaps_total", "venue")), ("{{venue}} fetched", hourly("touchstone_feed_refills_total", "venue"))]),
        Panel("Holes", "short", [("{{venue}}", hourly("touchstone_feed_holes_total", "venue"))], "Gaps that could not be filled. Outcomes over them are incomplete."),
        Panel("Out of step", "short", [("{{venue}} fell behind", hourly("touchstone_feed_overruns_total", "venue")), ("{{venue}} out of order", hourly("touchstone_feed_late_trades_total", "venue"))]),
        Panel("Asked too often", "short", [("{{venue}}", hourly("touchstone_feed_refused_total", "venue")), ("candles for models not told", hourly("touchstone_belief_candle_failures_total"))]),
        Panel("Clock", "s", [("{{venue}}", of("touchstone_feed_clock_skew_seconds"))], "How far a venue's clock is ahead of ours."),
    ]),
]

STORES = [
    Row("The record", [
        Panel("Answers", "short", [("{{instance}}", of("touchstone_store_up"))], "1: the store answered when it was last asked.", number=True, width=4),
        Panel("Failures", "short", [("transactions", hourly("touchstone_store_failures_total"))], "Within the hour before. Each is tried again.", number=True, width=4),
        Panel("Transactions", "ops", [("transactions", rate("touchstone_store_commit_seconds_count")), ("events", rate("touchstone_events_total"))]),
        Panel("How long they take", "s", quantiles("touchstone_store_commit_seconds")),
        Panel("Connections", "short", [("{{kind}}", total("touchstone_store_connections", "kind")), ("{{kind}} at most", total("touchstone_store_connections_max", "kind"))]),
        Panel("The chain", "ops", [("records hashed", rate("touchstone_records_hashed_total"))]),
        Panel("Seals", "short", [("days sealed", total("touchstone_seals_total")), ("failures", hourly("touchstone_seal_failures_total"))]),
        Panel("Retrials", "short", [("kept in an hour", hourly("touchstone_retrials_total")), ("failures in an hour", hourly("touchstone_retrial_failures_total")), ("waiting", total("touchstone_retrials_waiting"))]),
        Panel("Figures of boards", "short", [("computed in an hour", hourly("touchstone_figures_computed_total"))], "A channel's figures are computed once for each thing that happens in it."),
    ]),
    Row("The nodes", [
        Panel("Nodes", "short", [("here", f"max ({of('touchstone_nodes')})")], number=True, width=4),
        Panel("Release", "short", [("{{version}} on {{instance}}", of("touchstone_build_info"))], number=True, width=4),
        Panel("Up since", "dateTimeFromNow", [("{{instance}}", f"{of('process_start_time_seconds')} * 1000")], number=True, width=4),
        Panel("Memory", "bytes", [("{{instance}}", of("process_resident_memory_bytes"))], "That is resident.", width=6),
        Panel("Processor", "percentunit", [("{{instance}}", f"rate({of('process_cpu_seconds_total')}[$__rate_interval])")], "1 is one core.", width=6),
        Panel("Files", "short", [("open on {{instance}}", of("process_open_fds")), ("at most", f"min ({of('process_max_fds')})")], width=6),
        Panel("Threads", "short", [("{{instance}}", of("process_threads"))], width=6),
        Panel("Traces handed in", "short", [("{{outcome}}", hourly("touchstone_trace_exports_total", "outcome"))], "Hand-overs within the hour before.", width=6),
    ]),
]

MONEY = [
    Row("What is paid for", [
        Panel("Paid and tried", "short", [("{{plan}} {{standing}}", paid("active|trialing"))], stacked=True, width=12),
        Panel("Failed and over", "short", [("{{plan}} {{standing}}", paid("past_due|ended"))], width=12),
        Panel("What the till told", "short", [("{{outcome}}", hourly("touchstone_payment_events_total", "outcome"))], "Within the hour before, by what became of it.", width=12),
        Panel("Waiting to be dealt with", "short", [("events", f"max ({of('touchstone_payment_events_waiting')})")], width=12),
    ]),
    Row("People", [
        Panel("Accounts", "short", [("{{role}}", f"max by (role) ({of('touchstone_accounts')})")], stacked=True),
        Panel("Opened", "short", [("accounts", hourly("touchstone_accounts_opened_total"))], "Within the hour before."),
        Panel("Log-ins", "short", [("{{outcome}}", hourly("touchstone_logins_total", "outcome")), ("tokens that came twice", hourly("touchstone_refreshes_reused_total"))], "Within the hour before."),
        Panel("Requests refused", "ops", [("{{why}}", rate("touchstone_requests_refused_total", "why"))]),
        Panel("Mails", "short", [("{{template}} {{outcome}}", hourly("touchstone_mails_total", "template, outcome"))], "Attempts within the hour before."),
        Panel("Mails that wait", "short", [("mails", f"max ({of('touchstone_mails_waiting')})")], width=4),
        Panel("The oldest of them", "s", [("age", f"max ({of('touchstone_mails_oldest_seconds')})")], width=4),
    ]),
]

MODELS = [
    Row("Does what is said come true?", [
        Panel("Calibration error", "percentunit", [("of the model", f"max ({of('touchstone_calibration_error')})"), ("of a perfect one", f"max ({of('touchstone_calibration_error_of_perfect')})")], "A perfect model has one, too: so many signals say no more."),
        Panel("Calibration line", "short", [("slope", f"max ({of('touchstone_calibration_slope')})"), ("intercept", f"max ({of('touchstone_calibration_intercept')})")], "1 and 0 where it is neither too sure nor too shy."),
        Panel("Log loss", "short", [("log loss", f"max ({of('touchstone_prediction_log_loss')})")]),
    ]),
    Row("Is the world as it learned it?", [
        Panel("Stability of features", "short", [("{{feature}}", f"topk(10, {of('touchstone_feature_stability')})")], "Above 0.25 much has changed."),
        Panel("The worst", "short", [("worst", f"max ({of('touchstone_feature_stability_worst')})")], number=True, width=4),
        Panel("Trainings", "short", [("{{outcome}}", total("touchstone_trainings_total", "outcome"))], width=6),
        Panel("Panics of challengers", "short", [("panics", total("touchstone_challenger_panics_total"))], number=True, width=4),
    ]),
]

DASHBOARDS = {
    "stream": ("Stream", "Who listens and asks, and how soon he is told.", STREAM),
    "channels": ("Channels", "Posts, what becomes of them, and how long it takes.", CHANNELS),
    "feeds": ("Market feeds", "The prices that judge.", FEEDS),
    "stores": ("Stores", "The record, and the nodes that serve it.", STORES),
    "money": ("Money", "What is paid for, and by whom.", MONEY),
    "models": ("Models", "Whether scores come true.", MODELS),
}


def built(panel: Panel):
    """A panel as the SDK builds it."""
    made = (stat.Panel() if panel.number else timeseries.Panel()).title(panel.title).unit(panel.unit)
    made = made.datasource(SOURCE).span(panel.width).height(8 if not panel.number else 6)
    if panel.about:
        made = made.description(panel.about)
    if not panel.number:
        legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True)
        made = made.legend(legend).tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)).fill_opacity(20 if panel.stacked else 0).min(0 if panel.unit in ("ops", "bytes", "percentunit") else None)
        if panel.stacked:
            made = made.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for nth, (legend, expr) in enumerate(panel.queries):
        made = made.with_target(prometheus.Dataquery().ref_id(chr(ord("A") + nth)).expr(expr).legend_format(legend).datasource(SOURCE))
    return made


def write(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for uid, (title, about, rows) in DASHBOARDS.items():
        nodes = dashboard.QueryVariable("instance").label("Node").datasource(SOURCE)
        nodes = nodes.query("label_values(touchstone_build_info, instance)").refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        nodes = nodes.sort(VariableSort.ALPHABETICAL_ASC).multi(True).include_all(True).all_value(".*")
        nodes = nodes.current(VariableOption(selected=True, text="All", value="$__all"))
        made = dashboard.Dashboard(f"Touchstone: {title}").uid(f"touchstone-{uid}").description(about).tags(["touchstone"])
        made = made.time("now-3h", "now").refresh("30s").timezone("browser").readonly().with_variable(nodes)
        number = itertools.count(1)
        for row in rows:
            made = made.with_row(dashboard.Row(row.title).id(next(number)))
            for panel in row.panels:
                made = made.with_panel(built(panel).id(next(number)))
        text = JSONEncoder(sort_keys=True, indent=2).encode(made.build())
        (folder / f"{uid}.json").write_text(text + "\n")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
