//! Tables for people.

use comfy_table::{Table, presets};

/// A table with these headings and no lines.
pub fn new(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(headings);
    table
}

/// The table, or the text if it has no rows.
pub fn or(table: &Table, text: &str) -> String {
    if table.is_empty() {
        text.to_owned()
    } else {
        table.to_string()
    }
}
