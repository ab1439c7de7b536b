//! Tables as comma-separated values (RFC 4180).

/// One row. A cell that a spreadsheet would take for a formula gets an apostrophe in front.
pub(crate) fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            line.push(',');
        }
        line.push_str(&escaped(cell));
    }
    line.push_str("\r\n");
    line
}

fn escaped(cell: &str) -> String {
    let is_number = cell.strip_prefix('-').unwrap_or(cell);
    let is_number = !is_number.is_empty()
        && is_number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number;
    let cell = if is_formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_are_no_formulas() {
        let cells = ["plain", "a, b", "say \"so\"", "=1+1", "-12.50", "-x", ""];
        assert_eq!(
            row(cells.into_iter()),
            "plain,\"a, b\",\"say \"\"so\"\"\",'=1+1,-12.50,'-x,\r\n"
        );
    }
}
