//! Rows of short texts, in columns as wide as they need to be.

use std::fmt;

/// Columns are parted by two spaces. Where the width does not do, the last columns are cut.
pub struct Table {
    width: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(width: usize) -> Table {
        Table { width, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let length = |cell: &String| cell.chars().count();
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(length).max().unwrap_or_default())
            .collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let line = line.trim_end();
            if line.chars().count() > self.width {
                let cut: String = line.chars().take(self.width.saturating_sub(1)).collect();
                writeln!(f, "{cut}…")?;
            } else {
                writeln!(f, "{line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_long_lines_are_cut() {
        let mut table = Table::new(12);
        table.row(["a".to_owned(), "b".to_owned()]);
        table.row(["long".to_owned(), "and longer".to_owned()]);
        assert_eq!(table.to_string(), "a     b\nlong  and l…\n");
    }
}
