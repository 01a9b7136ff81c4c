//! Fills the fields of a page that we drew ourselves: its templates quote every value.

/// The page with these fields filled in. What is no field of it is left out.
pub(super) fn fill(html: &str, fields: &[(String, String)]) -> String {
    // Only what the page is for: the bar has forms of its own.
    let start = html.find("<main").unwrap_or_default();
    let mut out = String::with_capacity(html.len() + 1024);
    out.push_str(&html[..start]);
    let mut rest = &html[start..];
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let end = end_of_tag(rest);
        let (tag, after) = rest.split_at(end);
        rest = after;
        let values = || values(fields, tag);
        if tag.starts_with("<input") {
            out.push_str(&input(tag, &values()));
        } else if tag.starts_with("<textarea") && !values().is_empty() {
            out.push_str(tag);
            // The first line end within is not part of the value (the HTML standard's textarea).
            out.push('\n');
            out.push_str(&escaped(values()[0]));
            rest = rest.find("</textarea").map_or(rest, |at| &rest[at..]);
        } else {
            out.push_str(tag);
        }
    }
    out.push_str(rest);
    out
}

/// The values of the field that a tag is of.
fn values<'f>(fields: &'f [(String, String)], tag: &str) -> Vec<&'f str> {
    let Some(name) = attribute(tag, "name") else { return Vec::new() };
    fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
}

fn input(tag: &str, values: &[&str]) -> String {
    if values.is_empty() {
        return tag.to_owned();
    }
    match attribute(tag, "type").unwrap_or("text") {
        "checkbox" | "radio" => {
            let own = attribute(tag, "value").unwrap_or("on");
            let bare = tag.replacen(" checked", "", 1);
            if values.contains(&own) && !bare.contains(" disabled") {
                bare.replacen("<input", "<input checked", 1)
            } else {
                bare
            }
        }
        "password" | "file" | "submit" => tag.to_owned(),
        _ => {
            let value = escaped(values[0]);
            match attribute(tag, "value") {
                Some(old) => {
                    tag.replacen(&format!(" value=\"{old}\""), &format!(" value=\"{value}\""), 1)
                }
                None => tag.replacen("<input", &format!("<input value=\"{value}\""), 1),
            }
        }
    }
}

/// The value of an attribute, as it stands there.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    after.split_once('"').map(|(value, _)| value)
}

fn end_of_tag(text: &str) -> usize {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '>' if !quoted => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::fill;

    fn filled(html: &str, fields: &[(&str, &str)]) -> String {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        fill(html, &fields)
    }

    #[test]
    fn each_kind_of_field_is_filled() {
        let page = r#"<main><input name="name" value="old"><input type="radio" name="a" value="1" checked><input type="radio" name="a" value="2"><textarea name="t">old</textarea><input type="checkbox" name="c" value="x"></main>"#;
        let fields = [("name", "new"), ("a", "2"), ("t", "one\ntwo"), ("c", "x")];
        let expected = "<main><input name=\"name\" value=\"new\"><input type=\"radio\" name=\"a\" value=\"1\"><input checked type=\"radio\" name=\"a\" value=\"2\"><textarea name=\"t\">\none\ntwo</textarea><input checked type=\"checkbox\" name=\"c\" value=\"x\"></main>";
        assert_eq!(filled(page, &fields), expected);
    }

    #[test]
    fn what_was_typed_stays_text() {
        let page = r#"<main><input name="name" value=""><textarea name="t"></textarea></main>"#;
        let filled = filled(page, &[("name", "\"><script>"), ("t", "</textarea><script>")]);
        assert!(!filled.contains("<script>"), "{filled}");
    }

    #[test]
    fn neither_passwords_nor_the_bar_nor_what_cannot_be_chosen_is_filled() {
        let page = r#"<input name="q" value="bar"><main><input type="password" name="p"><input type="checkbox" name="c" value="x" disabled></main>"#;
        assert_eq!(filled(page, &[("q", "new"), ("p", "x"), ("c", "x")]), page);
    }
}
