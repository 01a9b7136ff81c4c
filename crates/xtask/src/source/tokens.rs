//! What is written in a piece of source, word by word: also what is in macros and attributes, which
//! a syntax tree does not show.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

/// Every identifier, also in the paths that serde takes as strings (`"contract::instant::optional"`).
pub(crate) fn identifiers(source: TokenStream, found: &mut BTreeSet<String>) {
    for token in source {
        match token {
            TokenTree::Ident(word) => {
                found.insert(word.to_string());
            }
            TokenTree::Group(group) => identifiers(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if text.starts_with('"') && text.contains("::") && !text.contains(' ') {
                    found.extend(text.trim_matches('"').split("::").map(str::to_owned));
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}

/// Every `a::b::c` of at least two words, as its words.
pub(crate) fn paths(source: TokenStream, found: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    // How many colons stand behind the path's last word.
    let mut colons = 0;
    let mut finish = |path: &mut Vec<String>| {
        if path.len() > 1 {
            found.insert(path.clone());
        }
        path.clear();
    };
    let mut inner = Vec::new();
    for token in source {
        match token {
            TokenTree::Ident(word) if colons == 2 && !path.is_empty() => {
                path.push(word.to_string());
                colons = 0;
            }
            TokenTree::Ident(word) => {
                finish(&mut path);
                // `::a` names another crate.
                if colons != 2 {
                    path.push(word.to_string());
                }
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                finish(&mut path);
                colons = 0;
                inner.push(group.stream());
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {
                finish(&mut path);
                colons = 0;
            }
        }
    }
    finish(&mut path);
    for group in inner {
        paths(group, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_expressions_attributes_and_macros() {
        let source = "#[doc(alias = super::a::B)] fn f(x: crate::c::D, y: E) -> ::std::io::G {
            go!(self::h::i(1), j); let k: l = m; n.o(); p::<Q>()
        }";
        let mut found = BTreeSet::new();
        paths(source.parse().unwrap(), &mut found);
        let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
        assert_eq!(found, ["crate::c::D", "self::h::i", "super::a::B"]);
    }
}
