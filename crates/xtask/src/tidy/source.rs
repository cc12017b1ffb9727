//! The Rust files of the crates, and the paths that they name.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// One Rust file.
pub(crate) struct Source {
    /// The crate, with underscores as folders have dashes: `cauce-flow`.
    pub(crate) krate: String,
    /// Its path from the root of the repository.
    pub(crate) path: String,
    /// Its module path within the crate; empty for the root.
    pub(crate) module: Vec<String>,
    /// The text without comments and without what stands in quotes.
    pub(crate) code: String,
    /// How many lines it has.
    pub(crate) lines: usize,
}

/// Every file under `crates/*/src`.
pub(crate) fn read_crates() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for krate in sorted("crates")? {
        let src = format!("crates/{krate}/src");
        if Path::new(&src).is_dir() {
            read_folder(&krate, &src, &[], &mut sources)?;
        }
    }
    Ok(sources)
}

fn sorted(dir: &str) -> Result<Vec<String>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {dir}"))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

fn read_folder(krate: &str, dir: &str, module: &[String], sources: &mut Vec<Source>) -> Result<()> {
    for name in sorted(dir)? {
        let path = format!("{dir}/{name}");
        if Path::new(&path).is_dir() {
            let inner = [module, &[name]].concat();
            read_folder(krate, &path, &inner, sources)?;
        } else if let Some(stem) = name.strip_suffix(".rs") {
            let module = match stem {
                "lib" | "main" | "mod" => module.to_vec(),
                stem => [module, &[stem.to_owned()]].concat(),
            };
            sources.push(read_file(krate, path, module)?);
        }
    }
    Ok(())
}

fn read_file(krate: &str, path: String, module: Vec<String>) -> Result<Source> {
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    Ok(Source {
        krate: krate.to_owned(),
        module,
        lines: text.lines().count(),
        code: code_of(&text),
        path,
    })
}

/// The text with comments and the insides of quotes blanked.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = skip(rest);
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// How many bytes of a comment, a text or a character stand at the start.
fn skip(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    for (open, close) in [("r##\"", "\"##"), ("r#\"", "\"#"), ("r\"", "\"")] {
        if let Some(inner) = rest.strip_prefix(open) {
            return open.len()
                + inner
                    .find(close)
                    .map_or(inner.len(), |end| end + close.len());
        }
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    // A character, and not a lifetime, has its second quote near.
    if rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') && rest.starts_with('\'') {
        return quoted(rest, '\'');
    }
    0
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Every path that begins with one of `roots`, its braces spread out: `use a::{b, c::d}` names
/// `a::b` and `a::c::d`.
pub(crate) fn paths(code: &str, roots: &[&str]) -> Vec<Vec<String>> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let starts = roots.contains(&tokens[at]);
        let within = at > 0 && matches!(tokens[at - 1], "::" | ".");
        if starts && !within && tokens.get(at + 1) == Some(&"::") {
            let mut reader = PathReader {
                tokens: &tokens,
                at,
                found: &mut found,
            };
            reader.path(&[]);
        }
    }
    found
}

/// Words, `::`, and single signs.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let len = if word(first) {
            rest.find(|c| !word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..len]);
        rest = rest[len..].trim_start();
    }
    tokens
}

struct PathReader<'a> {
    tokens: &'a [&'a str],
    at: usize,
    found: &'a mut Vec<Vec<String>>,
}

impl PathReader<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).copied().unwrap_or_default()
    }

    /// A path, up to its end or through its braces.
    fn path(&mut self, prefix: &[String]) {
        let mut path = prefix.to_vec();
        loop {
            if self.peek() == "{" {
                return self.braces(&path);
            }
            path.push(self.peek().to_owned());
            self.at += 1;
            if self.peek() != "::" {
                break;
            }
            self.at += 1;
        }
        self.found.push(path);
    }

    fn braces(&mut self, prefix: &[String]) {
        self.at += 1;
        while !matches!(self.peek(), "}" | "") {
            match self.peek() {
                "," => self.at += 1,
                "as" => self.at += 2,
                _ => self.path(prefix),
            }
        }
        self.at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{code_of, paths};

    fn check(code: &str, expected: &[&str]) {
        let found: Vec<_> = paths(&code_of(code), &["crate", "std"])
            .iter()
            .map(|path| path.join("::"))
            .collect();
        assert_eq!(found, expected, "{code}");
    }

    #[test]
    fn paths_are_found_in_use_and_in_place() {
        check("use crate::a::B;", &["crate::a::B"]);
        check(
            "use crate::{a::{self, B as C}, d::E};",
            &["crate::a::self", "crate::a::B", "crate::d::E"],
        );
        check(
            "fn f() { crate::a::g(std::mem::take(x)) }",
            &["crate::a::g", "std::mem::take"],
        );
        check("pub(crate) struct S; my::std::x();", &[]);
    }

    #[test]
    fn comments_and_texts_name_nothing() {
        check(
            "// crate::a\n/* std::b */ \"crate::c\" r#\"std::d\"# 'a' '\\'' let x: &'a T;",
            &[],
        );
    }
}
