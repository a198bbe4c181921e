//! Small tables for notebooks. Every text is escaped here.

/// Text as HTML shows it.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A table of names and values; empty values are left out.
pub(crate) fn pairs<'a>(page: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    page.push_str("<table>");
    for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
        page.push_str(&format!("<tr><th>{}</th><td>{}</td></tr>", escape(name), escape(value)));
    }
    page.push_str("</table>");
}

/// A table with a header; nothing if it has no rows.
pub(crate) fn table<const N: usize>(page: &mut String, header: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    page.push_str("<table><tr>");
    header.iter().for_each(|name| page.push_str(&format!("<th>{}</th>", escape(name))));
    page.push_str("</tr>");
    for row in rows {
        page.push_str("<tr>");
        row.iter().for_each(|cell| page.push_str(&format!("<td>{}</td>", escape(cell))));
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}
