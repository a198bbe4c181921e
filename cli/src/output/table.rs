//! Tables that fit a terminal.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::console::Styles;
use crate::escape;

/// How narrow a column that can be broken may become, in columns of the terminal.
const NARROWEST: u16 = 12;

/// On which side of a column its cells stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Short text, never broken.
    Left,
    /// Text that may be broken into lines where the terminal is narrow.
    Free,
    /// Numbers.
    Right,
}

/// Rows under a header; every cell is escaped.
pub(crate) struct Grid {
    header: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// An empty table.
    pub(crate) fn new(header: &[(&str, Align)]) -> Self {
        let mut grid = Self { header: Vec::new(), rows: Vec::new() };
        grid.header(header);
        grid
    }

    /// Sets the header.
    pub(crate) fn header(&mut self, header: &[(&str, Align)]) {
        self.header = header.iter().map(|&(name, align)| (name.to_owned(), align)).collect();
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Rows so far.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Prints the table, within `width` columns if there is a width. Columns without any content are left out.
    pub(crate) fn print(&self, out: &mut dyn Write, width: Option<u16>, style: Styles) -> io::Result<()> {
        let used: Vec<bool> = (0..self.header.len())
            .map(|at| self.rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let keep = |at: usize| used.get(at).copied().unwrap_or(false);
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        match width {
            Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        let header = self.header.iter().enumerate().filter(|&(at, _)| keep(at));
        table.set_header(header.clone().map(|(_, (name, _))| name.as_str()));
        for row in &self.rows {
            let cells = row.iter().enumerate().filter(|&(at, _)| keep(at));
            table.add_row(cells.map(|(_, cell)| escape::terminal(cell).into_owned()));
        }
        for (column, (_, (_, align))) in table.column_iter_mut().zip(header) {
            column.set_padding((0, 2));
            if *align == Align::Right {
                column.set_cell_alignment(CellAlignment::Right);
            }
            column.set_constraint(match align {
                Align::Free => ColumnConstraint::LowerBoundary(Width::Fixed(NARROWEST)),
                Align::Left | Align::Right => ColumnConstraint::ContentWidth,
            });
        }
        for (index, line) in table.lines().enumerate() {
            let line = line.trim_end();
            if index == 0 {
                writeln!(out, "{head}{line}{head:#}", head = style.head)?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(grid: &Grid, width: Option<u16>) -> String {
        let mut out = Vec::new();
        grid.print(&mut out, width, Styles::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_line_up_and_empty_ones_are_left_out() {
        let mut grid = Grid::new(&[("n", Align::Right), ("empty", Align::Left), ("text", Align::Left)]);
        grid.row(vec!["1".into(), String::new(), "one".into()]);
        grid.row(vec!["100".into(), String::new(), "hundred".into()]);
        assert_eq!(printed(&grid, None), "  n  text\n  1  one\n100  hundred\n");
    }

    #[test]
    fn a_table_stays_within_the_terminal_and_escapes_cells() {
        let mut grid = Grid::new(&[("a", Align::Free), ("b", Align::Left)]);
        grid.row(vec!["word ".repeat(30), "x\u{1b}[2J".into()]);
        let text = printed(&grid, Some(40));
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
