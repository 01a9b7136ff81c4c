//! The accessibility tree as text: what a screen reader is told, for snapshots.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Browser;

/// Roles that say nothing of their own: their children stand in their place.
const TRANSPARENT: [&str; 4] = ["none", "generic", "InlineTextBox", "LineBreak"];
/// Properties that are read out.
const TOLD: [&str; 10] = [
    "level",
    "checked",
    "pressed",
    "expanded",
    "disabled",
    "required",
    "invalid",
    "readonly",
    "selected",
    "multiline",
];

/// A node as the DevTools protocol tells it.
#[expect(clippy::struct_field_names, reason = "as the protocol names it")]
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    node_id: String,
    #[serde(default)]
    ignored: bool,
    role: Option<Told>,
    name: Option<Told>,
    description: Option<Told>,
    value: Option<Told>,
    #[serde(default)]
    properties: Vec<Property>,
    #[serde(default)]
    child_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Told {
    #[serde(default)]
    value: Value,
}

#[derive(Debug, Deserialize)]
struct Property {
    name: String,
    value: Told,
}

impl Browser {
    /// The page's accessibility tree: a line a node, indented; role, name, value, states.
    ///
    /// # Panics
    /// When the browser does not answer as its protocol says.
    pub async fn accessibility_tree(&self) -> String {
        let answer = self.devtools("Accessibility.getFullAXTree", json!({})).await;
        let nodes: Vec<Node> = serde_json::from_value(answer["nodes"].clone()).unwrap();
        let root = nodes.first().expect("a page has a tree").node_id.clone();
        let nodes: BTreeMap<String, Node> =
            nodes.into_iter().map(|node| (node.node_id.clone(), node)).collect();
        let mut text = String::new();
        write_node(&nodes, &root, 0, "", &mut text);
        text
    }
}

fn write_node(
    nodes: &BTreeMap<String, Node>,
    id: &str,
    depth: usize,
    parent_name: &str,
    text: &mut String,
) {
    let Some(node) = nodes.get(id) else { return };
    let role = word(node.role.as_ref());
    let name = word(node.name.as_ref());
    // The text below a link or button is its name once more.
    let repeats = role == "StaticText" && name == parent_name;
    let silent = node.ignored || TRANSPARENT.contains(&role.as_str()) || repeats;
    let (depth_below, name_below) = if silent { (depth, parent_name) } else { (depth + 1, &*name) };
    if !silent {
        let indent = "  ".repeat(depth);
        let line = describe(node, &role, &name);
        writeln!(text, "{indent}{line}").expect("a String takes all");
    }
    for child in &node.child_ids {
        write_node(nodes, child, depth_below, name_below, text);
    }
}

fn describe(node: &Node, role: &str, name: &str) -> String {
    let mut line = role.to_owned();
    let mut add = |part: String| {
        line.push(' ');
        line.push_str(&part);
    };
    if !name.is_empty() {
        add(format!("\"{name}\""));
    }
    for (what, told) in [("value", &node.value), ("description", &node.description)] {
        let word = word(told.as_ref());
        if !word.is_empty() {
            add(format!("{what}=\"{word}\""));
        }
    }
    for property in node.properties.iter().filter(|it| TOLD.contains(&&*it.name)) {
        let word = word(Some(&property.value));
        if word != "false" {
            add(format!("{}={word}", property.name));
        }
    }
    line
}

fn word(told: Option<&Told>) -> String {
    match told.map(|told| &told.value) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Some(other) => other.to_string(),
    }
}
