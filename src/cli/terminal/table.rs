//! Columns without lines around them.

use std::fmt;

use comfy_table::{ColumnConstraint, ContentArrangement, presets};

use super::clean::clean;

/// Rows in columns, as wide as they need to be and no wider than the given width. The first column says what a row is
/// about and is never cut; where there is no room, the others are, and end with `…`. Above them stands a line that
/// names the columns. Its text ends with a line end, and is empty for no rows.
pub struct Table {
    table: comfy_table::Table,
    rows: usize,
}

impl Table {
    pub fn new<const N: usize>(width: usize, head: [&str; N]) -> Table {
        let mut table = comfy_table::Table::new();
        table
            .load_preset(presets::NOTHING)
            .force_no_tty()
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX))
            .set_truncation_indicator("…");
        let mut table = Table { table, rows: 0 };
        table.add(head.map(str::to_owned).to_vec());
        table
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows += 1;
        self.add(cells.into_iter().map(|cell| clean(&cell).replace('\n', " ")).collect());
    }

    fn add(&mut self, cells: Vec<String>) {
        let mut row = comfy_table::Row::from(cells);
        row.max_height(1);
        self.table.add_row(row);
        for (index, column) in self.table.column_iter_mut().enumerate() {
            // Two columns of space between columns, none before the first.
            column.set_padding((0, 2));
            if index == 0 {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows == 0 {
            return Ok(());
        }
        writeln!(f, "{}", self.table.trim_fmt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(width: usize) -> String {
        let mut table = Table::new(width, ["    NODE", "MACHINE", "ZONE", "IMAGE"]);
        for (name, zone, image) in [
            ("demo-workers-1", "eu-west-1a", "ami-0123456789abcdef0"),
            (
                "demo-workers-10",
                "eu-west-1b",
                "/subscriptions/0000/resourceGroups/x/providers/images/an-image-with-a-long-name",
            ),
        ] {
            table.row([format!("  + {name}"), "t3.large".into(), zone.into(), image.into()]);
        }
        table.to_string()
    }

    #[test]
    fn fits_its_width_and_keeps_the_names_whole() {
        insta::assert_snapshot!(nodes(80), @r"
            NODE             MACHINE   ZONE        IMAGE
          + demo-workers-1   t3.large  eu-west-1a  ami-0123456789abcdef0
          + demo-workers-10  t3.large  eu-west-1b  /subscriptions/0000/resourceGroups…
        ");
        for width in [40, 60, 80, 120, 200] {
            let text = nodes(width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            assert!(text.contains("  + demo-workers-10 "), "{text}");
            assert_eq!(text.lines().count(), 3, "{text}");
        }
        assert!(nodes(200).contains("an-image-with-a-long-name\n"));
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(Table::new(80, ["NODE"]).to_string(), "");
    }
}
