//! What the benchmarks share: figures, a house to measure, and the bare things it is held against.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

pub mod figures;
pub mod house;
pub mod judging;
pub mod medium;

/// Where the databases go: the first argument, or the folder for temporary files. A disk that is
/// memory would make every commit look free.
#[must_use]
pub fn folder() -> std::path::PathBuf {
    std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, Into::into)
}

/// Beside which PostgreSQL to measure: the second argument, if there is one.
#[must_use]
pub fn server() -> Option<String> {
    std::env::args().nth(2)
}

/// Begins a table.
pub fn table(title: &str, columns: &[&str]) {
    println!("\n### {title}\n");
    row(columns);
    row(&vec!["---"; columns.len()]);
}

/// Adds a row to it.
pub fn row<T: AsRef<str>>(cells: &[T]) {
    let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
    println!("| {} |", cells.join(" | "));
}
