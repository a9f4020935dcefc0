//! The picture of reliability: how often what was told happened, drawn as SVG.

use std::fmt::Write as _;

use super::bins;
use domain::statistics::{Z_95, count, wilson};

const SIDE: f64 = 420.0;
const EDGE: f64 = 46.0;

/// Draws what was told against what happened, in ten equal parts by chance, with the bounds that as
/// many independent signals would leave (Wilson), one colour for each of the named steps.
#[must_use]
pub fn reliability(title: &str, won: &[bool], steps: &[(&str, &[f64])]) -> String {
    const COLOURS: [&str; 4] = ["#1b6ca8", "#c8553d", "#588157", "#7b5ea7"];
    let place = |p: f64| EDGE + p * SIDE;
    let height = |p: f64| EDGE + (1.0 - p) * SIDE;
    let whole = SIDE + 2.0 * EDGE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<title>{title}</title>\n\
         <rect width=\"{whole}\" height=\"{whole}\" fill=\"#fff\"/>\n\
         <text x=\"{EDGE}\" y=\"20\" font-size=\"13\">{title}</text>\n"
    );
    for tenth in 0..=10 {
        let p = f64::from(tenth) / 10.0;
        let (x, y) = (place(p), height(p));
        // Writing into a string cannot fail.
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {EDGE}V{:.1}M{EDGE} {y:.1}H{:.1}\" stroke=\"#e4e4e4\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{p:.1}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{p:.1}</text>",
            EDGE + SIDE,
            EDGE + SIDE,
            EDGE + SIDE + 15.0,
            EDGE - 6.0,
            y + 4.0,
        );
    }
    let (begin, end) = (EDGE, EDGE + SIDE);
    let _ = writeln!(
        svg,
        "<path d=\"M{begin} {end}L{end} {begin}\" stroke=\"#999\" stroke-dasharray=\"4 4\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">told</text>\
         <text transform=\"translate(12 {:.1}) rotate(-90)\" text-anchor=\"middle\">happened</text>",
        EDGE + SIDE / 2.0,
        whole - 8.0,
        EDGE + SIDE / 2.0,
    );
    for (nth, (name, chances)) in steps.iter().enumerate() {
        let colour = COLOURS[nth % COLOURS.len()];
        let mut path = String::new();
        for part in parts(won, chances) {
            let (x, y) = (place(part.told), height(part.happened));
            let _ = write!(
                path,
                "{}{x:.1} {y:.1}",
                if path.is_empty() { "M" } else { "L" }
            );
            if let Some(bounds) = wilson(part.happened, part.rows, Z_95) {
                let _ = writeln!(
                    svg,
                    "<path d=\"M{x:.1} {:.1}V{:.1}\" stroke=\"{colour}\" stroke-opacity=\".4\"/>",
                    height(bounds.low),
                    height(bounds.high),
                );
            }
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
            );
        }
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
            EDGE + 8.0,
            EDGE + 16.0 + 14.0 * count(nth),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

struct Part {
    told: f64,
    happened: f64,
    rows: f64,
}

fn parts(won: &[bool], chances: &[f64]) -> Vec<Part> {
    let mut sorted: Vec<(f64, bool)> = chances.iter().copied().zip(won.iter().copied()).collect();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let told: Vec<f64> = sorted.iter().map(|(chance, _)| *chance).collect();
    let mut sums = [[0.0_f64; 3]; 10];
    for ((chance, won), bin) in sorted.iter().zip(bins(&told)) {
        sums[bin][0] += chance;
        sums[bin][1] += f64::from(u8::from(*won));
        sums[bin][2] += 1.0;
    }
    sums.iter()
        .filter(|[_, _, rows]| *rows > 0.0)
        .map(|[told, won, rows]| Part {
            told: told / rows,
            happened: won / rows,
            rows: *rows,
        })
        .collect()
}
