//! Reads as much of Caddy's language as `deploy/Caddyfile` is written in, and refuses the rest: what is not understood
//! is not tested.

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum To {
    /// The container of this name.
    Upstream(String),
    /// Caddy itself, with this status.
    Status(u16),
    /// Caddy itself, with an empty page.
    Nobody,
}

/// A line, and what is in its braces.
#[derive(Debug, Clone)]
struct Directive {
    words: Vec<String>,
    block: Vec<Directive>,
}

/// Requests that a rule is for, and what becomes of them.
#[derive(Debug)]
struct Rule {
    paths: Vec<String>,
    to: To,
}

/// The file.
#[derive(Debug)]
pub(super) struct Caddyfile {
    top: Vec<Directive>,
}

impl Caddyfile {
    pub(super) fn read(text: &str) -> Self {
        let mut open = vec![Vec::new()];
        let mut heads: Vec<Vec<String>> = Vec::new();
        for line in text.lines() {
            let words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
            let mut words: Vec<_> = words.map(str::to_owned).collect();
            match words.last().map(String::as_str) {
                None => {}
                Some("{") => {
                    words.pop();
                    heads.push(words);
                    open.push(Vec::new());
                }
                Some("}") => {
                    let block = open.pop().unwrap();
                    open.last_mut().unwrap().push(Directive { words: heads.pop().unwrap(), block });
                }
                Some(_) => open.last_mut().unwrap().push(Directive { words, block: Vec::new() }),
            }
        }
        assert!(heads.is_empty(), "a brace is not closed");
        Self { top: open.pop().unwrap() }
    }

    /// Who answers a request for this path that comes in at a site.
    pub(super) fn route(&self, site: &str, path: &str) -> To {
        let mut rules = Vec::new();
        for directive in self.named(site) {
            // Elsewhere Caddy orders directives in its own way.
            assert_eq!(directive.words, ["route"], "in {site} there is only a block `route`");
            self.add_rules(&directive.block, &mut rules);
        }
        let first = rules.iter().find(|rule| rule.paths.iter().any(|pattern| fits(pattern, path)));
        first.map_or(To::Nobody, |rule| rule.to.clone())
    }

    /// Who is named as an upstream of a site.
    pub(super) fn upstreams(&self, site: &str) -> Vec<String> {
        let mut rules = Vec::new();
        self.named(site).iter().for_each(|directive| self.add_rules(&directive.block, &mut rules));
        let upstream = |rule: Rule| match rule.to {
            To::Upstream(name) => Some(name),
            To::Status(_) | To::Nobody => None,
        };
        rules.into_iter().filter_map(upstream).collect()
    }

    /// Whose word a listener takes for where a request comes from.
    pub(super) fn trusted_proxies(&self, listener: &str) -> Vec<String> {
        let options = self.top.iter().filter(|directive| directive.words.is_empty());
        let servers = options.flat_map(|options| &options.block);
        let server = servers.filter(|server| server.words == ["servers", listener]);
        let trusted = server.flat_map(|server| &server.block).filter_map(|directive| {
            directive.words.strip_prefix(&["trusted_proxies".to_owned(), "static".to_owned()])
        });
        trusted.flatten().cloned().collect()
    }

    fn named(&self, name: &str) -> &[Directive] {
        let found = self.top.iter().find(|directive| directive.words == [name]);
        &found.unwrap_or_else(|| panic!("there is no {name}")).block
    }

    /// The rules of a block, in the order in which Caddy tries them: that of the lines, within `route`.
    fn add_rules(&self, block: &[Directive], rules: &mut Vec<Rule>) {
        let mut matchers: Vec<(&str, &[String])> = Vec::new();
        for directive in block {
            let words: Vec<_> = directive.words.iter().map(String::as_str).collect();
            let paths = |matcher: &str| {
                if !matcher.starts_with('@') {
                    return vec![matcher.to_owned()];
                }
                let found = matchers.iter().find(|(name, _)| *name == matcher);
                found.unwrap_or_else(|| panic!("there is no {matcher}")).1.to_vec()
            };
            match words.as_slice() {
                ["import", snippet, arguments @ ..] => {
                    let body = self.named(&format!("({snippet})"));
                    self.add_rules(&with_arguments(body, arguments), rules);
                }
                [matcher, "path", ..] if matcher.starts_with('@') => {
                    matchers.push((matcher, &directive.words[2..]));
                }
                ["reverse_proxy", matcher, upstream] => {
                    let name = upstream.strip_suffix(":8080").unwrap_or_else(|| {
                        panic!("{upstream}: containers serve HTTP at port 8080")
                    });
                    rules.push(Rule { paths: paths(matcher), to: To::Upstream(name.to_owned()) });
                }
                ["respond", matcher, status] => {
                    let to = To::Status(status.parse().unwrap());
                    rules.push(Rule { paths: paths(matcher), to });
                }
                ["respond", status] => {
                    let to = To::Status(status.parse().unwrap());
                    rules.push(Rule { paths: vec!["/*".to_owned()], to });
                }
                other => panic!("this test does not know what {other:?} does"),
            }
        }
    }
}

/// A snippet's lines, as they are where it is imported with these arguments.
fn with_arguments(block: &[Directive], arguments: &[&str]) -> Vec<Directive> {
    let with = |word: &String| match word.as_str() {
        "{args[1:]}" => arguments[1..].iter().map(|argument| (*argument).to_owned()).collect(),
        word => {
            let first = arguments.first().copied().unwrap_or_default();
            let word = word.replace("{args[0]}", first);
            assert!(!word.contains("{args"), "this test does not know {word}");
            vec![word]
        }
    };
    let of = |directive: &Directive| Directive {
        words: directive.words.iter().flat_map(with).collect(),
        block: with_arguments(&directive.block, arguments),
    };
    block.iter().map(of).collect()
}

/// Whether a matcher of paths takes a path, as Caddy does: `*` at the end, and nowhere else, is anything; where there are
/// more, or one in the middle, each is what there is up to the next slash.
fn fits(pattern: &str, path: &str) -> bool {
    match (pattern.matches('*').count(), pattern.strip_suffix('*')) {
        (0, _) => pattern == path,
        (1, Some(beginning)) => path.starts_with(beginning),
        _ => {
            let (parts, asked): (Vec<_>, Vec<_>) =
                (pattern.split('/').collect(), path.split('/').collect());
            let fits = |(part, asked): (&&str, &&str)| {
                assert!(*part == "*" || !part.contains('*'), "this test does not know {pattern}");
                *part == "*" || part == asked
            };
            parts.len() == asked.len() && parts.iter().zip(&asked).all(fits)
        }
    }
}

#[test]
fn a_star_at_the_end_is_anything_and_elsewhere_one_part() {
    assert!(fits("/v1/apps/*", "/v1/apps/a/b") && fits("/*", "/") && fits("/v1", "/v1"));
    assert!(!fits("/v1/apps/*", "/v1/apps") && !fits("/v1", "/v1/"));
    assert!(fits("/v1/apps/*/keys", "/v1/apps/a/keys"));
    assert!(!fits("/v1/apps/*/keys", "/v1/apps/a/b/keys"));
    assert!(!fits("/v1/apps/*/keys", "/v1/apps/a/keys/b"));
}

#[test]
fn the_first_rule_that_fits_decides() {
    let file = Caddyfile::read(
        "(to) {\n@{args[0]} path {args[1:]}\nreverse_proxy @{args[0]} {args[0]}:8080 {\nlb 5s\n}\n}\n\
         a.example {\nroute {\nimport to one /x /x/*  # and no others\nrespond /y 204\nimport to two /*\n}\n}\n\
         b.example {\nroute {\nimport to one /x\n}\n}\n",
    );
    let to = |name: &str| To::Upstream(name.to_owned());
    assert_eq!(file.route("a.example", "/x/1"), to("one"));
    assert_eq!(file.route("a.example", "/y"), To::Status(204));
    assert_eq!(file.route("a.example", "/xy"), to("two"));
    assert_eq!(file.route("b.example", "/x/1"), To::Nobody);
    assert_eq!(file.upstreams("a.example"), ["one", "two"]);
}
