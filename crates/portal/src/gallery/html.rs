//! What a page's text tells of its soundness, without a browser.
#![cfg(test)]

use std::collections::BTreeSet;

/// What is wrong with a page.
pub(super) fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut count = |what: &str, expected: usize| {
        let found = html.matches(what).count();
        if found != expected {
            faults.push(format!("{found} times {what}, not {expected}"));
        }
    };
    count("<h1", 1);
    count("<main", 1);
    count("id=\"main\"", 1);
    count("<title>", 1);
    let tags = tags(html);
    let mut ids = BTreeSet::new();
    for tag in &tags {
        if let Some(id) = tag.value("id")
            && !ids.insert(id)
        {
            faults.push(format!("two elements with the id {id}"));
        }
    }
    let mut in_head = false;
    for tag in &tags {
        in_head = tag.name == "thead" || (in_head && tag.name != "tbody");
        let inline = |name: &&str| *name == "style" || name.starts_with("on");
        for name in tag.attributes.iter().map(|(name, _)| *name).filter(inline) {
            faults.push(format!("<{} {name}=…>: not under our policy", tag.name));
        }
        for reference in ["for", "aria-describedby", "aria-labelledby", "form"] {
            // An output says by `for` what it is about, in ids too.
            for id in tag.value(reference).unwrap_or_default().split_whitespace() {
                if !ids.contains(id) {
                    faults.push(format!("{reference}={id}: there is no such element"));
                }
            }
        }
        if tag.name == "script" && tag.value("src").is_none() {
            faults.push("an inline script".to_owned());
        }
        if tag.name == "form"
            && tag.value("method") == Some("post")
            && tag.value("action").is_none()
        {
            faults.push("a form without an address".to_owned());
        }
        let is_labelled = tag.value("data-l").is_some() || tag.value("class") == Some("acts");
        if tag.name == "td" && !in_head && !is_labelled {
            faults.push("a cell without a label for narrow pages".to_owned());
        }
        if tag.name == "img" && tag.value("alt").is_none() {
            faults.push("a picture without a text in its place".to_owned());
        }
    }
    let primary = tags.iter().filter(|tag| tag.is_primary()).count();
    if primary > 1 {
        faults.push(format!("{primary} primary buttons"));
    }
    faults
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    fn value(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    fn is_primary(&self) -> bool {
        self.value("class").unwrap_or_default().split_whitespace().any(|class| class == "primary")
    }
}

/// The opening tags. Our templates quote every value, and escape what people typed.
fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        rest = &rest[open + 1..];
        if !rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
            continue;
        }
        let end = end_of_tag(rest);
        let (inside, after) = rest.split_at(end);
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        tags.push(Tag { name, attributes: read_attributes(attributes) });
        rest = after;
    }
    tags
}

fn end_of_tag(text: &str) -> usize {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '>' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn read_attributes(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '/');
        if text.is_empty() {
            return found;
        }
        let end = text.find(|letter: char| letter.is_whitespace() || letter == '=');
        let (name, after) = text.split_at(end.unwrap_or(text.len()));
        let quoted = after.strip_prefix("=\"").and_then(|value| value.split_once('"'));
        let (value, after) = quoted.unwrap_or_else(|| ("", after.trim_start_matches('=')));
        found.push((name, value));
        text = after;
    }
}

#[test]
fn what_is_wrong_is_found() {
    let sound = "<title>x</title><main id=\"main\"><h1>x</h1><p id=\"a\"></p><label for=\"a\"></label></main>";
    assert_eq!(faults(sound), Vec::<String>::new());
    let broken = [
        ("<h1>x</h1>", "<h1>x</h1><h1>y</h1>"),
        ("id=\"a\"", "id=\"main\""),
        ("for=\"a\"", "for=\"b\""),
        ("<p ", "<p style=\"color: red\" "),
        ("<p ", "<p onclick=\"x\" "),
        ("<p ", "<script>x</script><p "),
        ("<p ", "<td>x</td><p "),
        ("<p ", "<img src=\"x\"><p "),
        ("<p ", "<form method=\"post\"></form><p "),
        ("<p ", "<a class=\"btn primary\"></a><a class=\"btn primary\"></a><p "),
    ];
    for (old, new) in broken {
        assert!(!faults(&sound.replacen(old, new, 1)).is_empty(), "{new}");
    }
}
