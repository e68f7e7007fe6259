//! Writes values into the text of a rule file and leaves all else as it stands.
//!
//! Takes the text; gives the text with new dated lines below the old ones, values
//! in place of others, keys taken out: comments, order and spaces stay. Whether
//! the result is a good rule file is asked by the checks, not here.

use std::ops::Range;
use std::path::Path;

use crate::error::{Error, Result};
use crate::terms::Period;

use super::page::{At, Node, Page, Table, get};

/// A rule file's text on its way to another.
#[derive(Debug)]
pub struct Edit {
    text: String,
    root: Table,
    /// What is put in place of which bytes; they never overlap.
    splices: Vec<(Range<usize>, String)>,
    /// Keys of tables that are not there yet.
    appended: Vec<(String, String)>,
}

/// A value as TOML writes it.
fn written(node: &Node) -> String {
    node.plain().to_string()
}

impl Edit {
    /// Parses the text.
    ///
    /// # Errors
    /// A text that is not TOML.
    pub fn open(path: &Path, text: &str) -> Result<Edit> {
        let (page, root) = Page::open(path, text);
        match root {
            Some(root) => Ok(Edit { text: text.to_owned(), root, splices: Vec::new(), appended: Vec::new() }),
            None => Err(page.close().pop().unwrap_or_else(|| Error::bug("a text that is no TOML has a reason"))),
        }
    }

    fn node(&self, part: &str, key: &str) -> Option<(&At<String>, &At<Node>)> {
        let table = match part {
            "" => &self.root,
            part => match &get(&self.root, part)?.value {
                Node::Table(table) => table,
                _ => return None,
            },
        };
        table.iter().find(|(name, _)| name.value == key).map(|(name, node)| (name, node))
    }

    /// Adds a dated line to a key, or puts it in place of one of the same beginning.
    pub fn add_line(&mut self, part: &str, key: &str, from: Period, value: &Node, source: &str) {
        let value = written(value);
        let source = toml::Value::String(source.to_owned());
        let line = format!("{{ from = \"{from}\", value = {value}, source = {source} }}");
        let lines = match self.node(part, key).map(|(_, node)| &node.value) {
            Some(Node::List(lines)) if !lines.is_empty() => lines,
            _ => return self.put(part, key, format!("[{line}]")),
        };
        let begins = |line: &At<Node>| match &line.value {
            Node::Table(line) => get(line, "from").is_some_and(|node| node.value == Node::Text(from.to_string())),
            _ => false,
        };
        let splice = match (lines.iter().find(|line| begins(line)), lines.last()) {
            (Some(same), _) => (same.span.clone(), line),
            (None, Some(last)) => (last.span.end..last.span.end, format!(",\n  {line}")),
            (None, None) => return,
        };
        self.splices.push(splice);
    }

    /// Puts a value under a key.
    pub fn set(&mut self, part: &str, key: &str, value: &Node) {
        self.put(part, key, written(value));
    }

    fn put(&mut self, part: &str, key: &str, value: String) {
        if let Some((_, node)) = self.node(part, key) {
            self.splices.push((node.span.clone(), value));
        } else {
            self.appended.push((part.to_owned(), format!("{key} = {value}\n")));
        }
    }

    /// Takes a key out, with what stands beside it on its lines.
    pub fn drop_key(&mut self, part: &str, key: &str) {
        if let Some((name, node)) = self.node(part, key) {
            let span = self.line_start(name.span.start)..self.line_end(node.span.end);
            self.splices.push((span, String::new()));
        }
    }

    /// Takes a whole table out.
    pub fn drop_part(&mut self, part: &str) {
        let Some(Node::Table(table)) = get(&self.root, part).map(|node| node.value.clone()) else { return };
        let (Some((first, _)), Some((_, last))) = (table.first(), table.last()) else { return };
        // the heading stands on the last line before the first key that begins with `[`
        let head = self.text.get(..first.span.start).and_then(|before| before.rfind(&format!("[{part}]")));
        let span = head.unwrap_or(first.span.start)..self.line_end(last.span.end);
        self.splices.push((span, String::new()));
    }

    fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
    }

    fn line_end(&self, at: usize) -> usize {
        let after = self.text.get(at..).unwrap_or_default();
        after.find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// Where new keys of a table go: after its last one; of the root, before the first table.
    fn place(&self, part: &str) -> Option<usize> {
        let table = match part {
            "" => &self.root,
            part => match &get(&self.root, part)?.value {
                Node::Table(table) => table,
                _ => return None,
            },
        };
        let plain = table.iter().rfind(|(_, node)| !matches!(node.value, Node::Table(_)) || !part.is_empty());
        plain.map(|(_, node)| self.line_end(node.span.end))
    }

    /// The text with everything written in.
    #[must_use]
    pub fn close(mut self) -> String {
        let mut tail = String::new();
        for (part, line) in std::mem::take(&mut self.appended) {
            match self.place(&part) {
                Some(at) => self.splices.push((at..at, line)),
                None => {
                    if !tail.contains(&format!("\n[{part}]\n")) {
                        tail.push_str(&format!("\n[{part}]\n"));
                    }
                    tail.push_str(&line);
                }
            }
        }
        // from the end, so that earlier places stay where they are; equal places keep their order
        self.splices.reverse();
        self.splices.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        for (span, with) in self.splices {
            if self.text.is_char_boundary(span.start) && self.text.is_char_boundary(span.end) {
                self.text.replace_range(span, &with);
            }
        }
        self.text.push_str(&tail);
        self.text
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::{Edit, Node, Path};

    #[test]
    fn comments_and_order_stay() {
        let text = "# head\nplugin = \"pkh\" # beside\n\n[settings]\n# why\nlimit = [{ from = \"2025Q1\", value = 4, source = \"A\" }] # old\n\n[quota]\nlevel = \"national\"\ntotal = [\n  { from = \"2025Q1\", value = 10, source = \"A\" }, # first\n]\n\n[ranking]\nseed = \"s\"\n";
        let mut edit = Edit::open(Path::new("x.toml"), text).unwrap();
        let from = "2026Q4".parse().unwrap();
        edit.add_line("settings", "limit", from, &Node::Integer(5), "B");
        edit.add_line("settings", "other", from, &Node::Flag(true), "B");
        edit.add_line("quota", "total", from, &Node::Integer(12), "B");
        edit.set("ranking", "seed", &Node::Text("t".into()));
        edit.set("incumbent", "rule", &Node::Text("none".into()));
        let wanted = "# head\nplugin = \"pkh\" # beside\n\n[settings]\n# why\nlimit = [{ from = \"2025Q1\", value = 4, source = \"A\" },\n  { from = \"2026Q4\", value = 5, source = \"B\" }] # old\nother = [{ from = \"2026Q4\", value = true, source = \"B\" }]\n\n[quota]\nlevel = \"national\"\ntotal = [\n  { from = \"2025Q1\", value = 10, source = \"A\" },\n  { from = \"2026Q4\", value = 12, source = \"B\" }, # first\n]\n\n[ranking]\nseed = \"t\"\n\n[incumbent]\nrule = \"none\"\n";
        assert_eq!(edit.close(), wanted);
    }
}
