//! From a method and a path to the template of the path and its API reference.
//!
//! Routes are in a tree of path segments, one tree a participant, so that a
//! path costs as many steps as it has segments however many routes there are.

use std::ops::Range;

/// One operation of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub(super) api: String,
    pub(super) name: String,
    pub(super) method: String,
    pub(super) pattern: Pattern,
    pub(super) reference: String,
    /// Places in the profile's steps, the most exact first.
    pub(super) steps: Vec<usize>,
}

impl Route {
    /// The name of the API that it belongs to: `image`.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Its name, unique for what it does: `show-image`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Its path without a mount: `/v2/images/{image_id}`.
    pub fn template(&self) -> String {
        self.pattern.to_string()
    }

    /// Where the API reference describes it.
    pub fn api_reference(&self) -> &str {
        &self.reference
    }

    pub(super) fn steps(&self) -> &[usize] {
        &self.steps
    }
}

/// A path seen as a call of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch<'p, 'a> {
    /// The route.
    pub route: &'p Route,
    /// The whole path with names for values, the mount and a trailing slash as they came:
    /// `/image/v2/images/{image_id}`.
    pub template: String,
    /// The variables in the order of the path, with their values as they are there.
    pub variables: Vec<(&'p str, &'a str)>,
}

impl<'p> RouteMatch<'p, '_> {
    /// Where the API reference describes the call.
    pub fn api_reference(&self) -> &'p str {
        &self.route.reference
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(n, _)| *n == name).map(|&(_, value)| value)
    }
}

/// A route's path: literal segments and variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `{name}`, perhaps between fixed text: `v{version}`, `{ref}.zip`.
    Variable {
        before: String,
        name: String,
        after: String,
    },
    /// `{name+}`: all that is left, slashes included.
    Rest {
        name: String,
    },
}

impl Pattern {
    /// The paths that `text` stands for: `[…]` may be there or not, so one pair of brackets makes two.
    pub(super) fn parse_all(text: &str) -> Result<Vec<Pattern>, String> {
        if !text.contains('[') {
            return Ok(vec![Pattern::parse(text)?]);
        }
        let mut texts = vec![String::new()];
        let mut rest = text;
        while let Some((before, inside_and_after)) = rest.split_once('[') {
            let (inside, after) = inside_and_after.split_once(']').ok_or("a `[` has no `]`")?;
            texts = texts
                .iter()
                .flat_map(|head| [format!("{head}{before}"), format!("{head}{before}{inside}")])
                .collect();
            rest = after;
        }
        texts.iter().map(|head| Pattern::parse(&format!("{head}{rest}"))).collect()
    }

    fn parse(text: &str) -> Result<Pattern, String> {
        let inner =
            text.strip_prefix('/').ok_or_else(|| format!("the path `{text}` does not begin with `/`"))?;
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        if inner.is_empty() {
            return Ok(Pattern::default());
        }
        let segments = inner.split('/').map(Segment::parse).collect::<Result<Vec<_>, _>>()?;
        if let Some((_, head)) = segments.split_last()
            && head.iter().any(|segment| matches!(segment, Segment::Rest { .. }))
        {
            return Err(format!("in `{text}` something follows a `{{…+}}`, which takes all that is left"));
        }
        let mut names: Vec<_> = segments.iter().filter_map(Segment::variable).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("`{text}` has two variables of the name `{}`", pair[0])),
            None => Ok(Pattern(segments)),
        }
    }

    fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(Segment::variable)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{text}"),
            Segment::Variable { before, name, after } => write!(f, "/{before}{{{name}}}{after}"),
            Segment::Rest { name } => write!(f, "/{{{name}}}"),
        })
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Segment, String> {
        let Some((before, rest)) = text.split_once('{') else {
            return match text.contains(['}', '?', '#']) || text.is_empty() {
                true => Err(format!("`{text}` is no path segment")),
                false => Ok(Segment::Literal(text.to_owned())),
            };
        };
        let (name, after) =
            rest.split_once('}').ok_or_else(|| format!("`{text}` has a `{{` without its `}}`"))?;
        let (name, is_rest) = match name.strip_suffix('+') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(format!("`{{{name}}}` is no variable: a name has letters, digits and `_`"));
        }
        if after.contains(['{', '}']) || before.contains('}') {
            return Err(format!("`{text}` is more than one variable in a segment"));
        }
        let (before, name, after) = (before.to_owned(), name.to_owned(), after.to_owned());
        match is_rest {
            false => Ok(Segment::Variable { before, name, after }),
            true if before.is_empty() && after.is_empty() => Ok(Segment::Rest { name }),
            true => Err(format!("`{text}`: a `{{…+}}` is a whole segment")),
        }
    }

    fn variable(&self) -> Option<&str> {
        match self {
            Segment::Literal(_) => None,
            Segment::Variable { name, .. } | Segment::Rest { name } => Some(name),
        }
    }
}

/// The routes of one participant.
#[derive(Debug)]
pub(super) struct RouteTree {
    routes: Vec<Route>,
    /// The first is the root.
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// Sorted by their text.
    literals: Vec<(String, usize)>,
    /// The fixed text before and after a variable, and the node below; most fixed text first.
    variables: Vec<(String, String, usize)>,
    /// Routes that end here, one a method.
    ends: Vec<usize>,
    /// Routes that take all that is left, one a method.
    rests: Vec<usize>,
}

impl Node {
    fn literal(&self, text: &str) -> Option<usize> {
        let at = self.literals.binary_search_by(|(literal, _)| literal.as_str().cmp(text)).ok()?;
        Some(self.literals[at].1)
    }
}

impl Default for RouteTree {
    fn default() -> RouteTree {
        RouteTree { routes: Vec::new(), nodes: vec![Node::default()] }
    }
}

impl RouteTree {
    pub(super) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Adds a route; `false` if there is one of its method for the same paths, which then stays.
    #[must_use]
    pub(super) fn insert(&mut self, route: Route) -> bool {
        let mut node = 0;
        let mut takes_rest = false;
        for segment in &route.pattern.0 {
            node = match segment {
                Segment::Literal(text) => self.literal_child(node, text),
                Segment::Variable { before, after, .. } => self.variable_child(node, before, after),
                Segment::Rest { .. } => {
                    takes_rest = true;
                    node
                }
            };
        }
        let node = &mut self.nodes[node];
        let leaves = if takes_rest { &mut node.rests } else { &mut node.ends };
        if leaves.iter().any(|&other| self.routes[other].method == route.method) {
            return false;
        }
        leaves.push(self.routes.len());
        self.routes.push(route);
        true
    }

    fn literal_child(&mut self, node: usize, text: &str) -> usize {
        match self.nodes[node].literals.binary_search_by(|(literal, _)| literal.as_str().cmp(text)) {
            Ok(at) => self.nodes[node].literals[at].1,
            Err(at) => {
                let child = self.new_node();
                self.nodes[node].literals.insert(at, (text.to_owned(), child));
                child
            }
        }
    }

    fn variable_child(&mut self, node: usize, before: &str, after: &str) -> usize {
        let variables = &self.nodes[node].variables;
        if let Some((_, _, child)) = variables.iter().find(|(b, a, _)| b == before && a == after) {
            return *child;
        }
        let child = self.new_node();
        let variables = &mut self.nodes[node].variables;
        variables.push((before.to_owned(), after.to_owned(), child));
        variables.sort_by_key(|(before, after, _)| std::cmp::Reverse(before.len() + after.len()));
        child
    }

    fn new_node(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// The route of `method` on `path`, which may begin with one of `mounts` or with another.
    pub(super) fn find<'p, 'a>(
        &'p self,
        method: &str,
        path: &'a str,
        mounts: &[String],
    ) -> Option<RouteMatch<'p, 'a>> {
        let whole = segments(path);
        let mut found = Search { tree: self, method, path, values: Vec::new() };
        let route = mounts
            .iter()
            .filter_map(|mount| after_mount(path, mount))
            .find_map(|start| {
                let mounted = whole.partition_point(|segment| segment.start < start);
                found.walk(0, &whole[mounted..])
            })
            .or_else(|| found.walk(0, &whole))
            .or_else(|| {
                // A mount that the profile does not know: the route begins at its first literal segment.
                let root = &self.nodes[0];
                (1..whole.len()).find_map(|start| {
                    let node = root.literal(&path[whole[start].clone()])?;
                    found.walk(node, &whole[start + 1..])
                })
            })?;
        Some(found.into_match(route))
    }
}

/// The byte ranges between the slashes of `path`, without the empty ones at its ends.
fn segments(path: &str) -> Vec<Range<usize>> {
    let start = usize::from(path.starts_with('/'));
    let end = if path.len() > start && path.ends_with('/') { path.len() - 1 } else { path.len() };
    if start >= end {
        return Vec::new();
    }
    let slashes = memchr::memchr_iter(b'/', &path.as_bytes()[start..end]).map(|at| start + at);
    let mut segments = Vec::with_capacity(8);
    let mut from = start;
    for slash in slashes {
        segments.push(from..slash);
        from = slash + 1;
    }
    segments.push(from..end);
    segments
}

/// Where the path goes on after `mount`, if it begins with it.
fn after_mount(path: &str, mount: &str) -> Option<usize> {
    let rest = path.strip_prefix(mount)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(mount.len())
}

struct Search<'p, 'a, 'm> {
    tree: &'p RouteTree,
    method: &'m str,
    path: &'a str,
    values: Vec<Range<usize>>,
}

impl<'p, 'a> Search<'p, 'a, '_> {
    /// The route for `rest`, seen from `node`. Each node is visited once at most, and the depth is
    /// that of the tree, whatever the path.
    fn walk(&mut self, node: usize, rest: &[Range<usize>]) -> Option<usize> {
        let tree: &'p RouteTree = self.tree;
        let node = &tree.nodes[node];
        let Some((first, below)) = rest.split_first() else { return self.leaf(&node.ends) };
        let text = &self.path[first.clone()];
        if let Some(child) = node.literal(text)
            && let Some(route) = self.walk(child, below)
        {
            return Some(route);
        }
        for (before, after, child) in &node.variables {
            let value = text.strip_prefix(before.as_str()).and_then(|text| text.strip_suffix(after.as_str()));
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            let start = first.start + before.len();
            self.values.push(start..start + value.len());
            if let Some(route) = self.walk(*child, below) {
                return Some(route);
            }
            self.values.pop();
        }
        let route = self.leaf(&node.rests).filter(|_| !text.is_empty())?;
        let end = rest.last().map_or(first.end, |last| last.end);
        self.values.push(first.start..end);
        Some(route)
    }

    fn leaf(&self, leaves: &[usize]) -> Option<usize> {
        let of =
            |method: &str| leaves.iter().copied().find(|&route| self.tree.routes[route].method == method);
        of(self.method).or_else(|| if self.method == "HEAD" { of("GET") } else { None })
    }

    fn into_match(self, route: usize) -> RouteMatch<'p, 'a> {
        let route = &self.tree.routes[route];
        let names = route.pattern.variables();
        let mut template = String::with_capacity(self.path.len());
        let mut variables = Vec::with_capacity(self.values.len());
        let mut copied = 0;
        for (name, value) in names.zip(self.values) {
            template.push_str(&self.path[copied..value.start]);
            template.push('{');
            template.push_str(name);
            template.push('}');
            copied = value.end;
            variables.push((name, &self.path[value]));
        }
        template.push_str(&self.path[copied..]);
        RouteMatch { route, template, variables }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(routes: &[&str]) -> RouteTree {
        let mut tree = RouteTree::default();
        for (at, route) in routes.iter().enumerate() {
            let (method, path) = route.split_once(' ').unwrap();
            for pattern in Pattern::parse_all(path).unwrap() {
                let route = Route {
                    api: "a".to_owned(),
                    name: at.to_string(),
                    method: method.to_owned(),
                    pattern,
                    reference: String::new(),
                    steps: Vec::new(),
                };
                assert!(tree.insert(route));
            }
        }
        tree
    }

    fn template(tree: &RouteTree, method: &str, path: &str) -> Option<String> {
        tree.find(method, path, &["/m".to_owned(), "/m/n".to_owned()]).map(|found| found.template)
    }

    #[test]
    fn literals_beat_variables_and_are_tried_first() {
        let tree = tree(&["GET /v1/{a}", "GET /v1/list", "GET /v1/list/{b}", "PUT /v1/{a}", "GET /v1/{a}/x"]);
        assert_eq!(template(&tree, "GET", "/v1/list").as_deref(), Some("/v1/list"));
        assert_eq!(template(&tree, "PUT", "/v1/list").as_deref(), Some("/v1/{a}"));
        assert_eq!(template(&tree, "GET", "/v1/list/x").as_deref(), Some("/v1/list/{b}"));
        assert_eq!(template(&tree, "GET", "/v1/other/x").as_deref(), Some("/v1/{a}/x"));
        assert_eq!(template(&tree, "GET", "/v1"), None);
        assert_eq!(template(&tree, "HEAD", "/v1/7").as_deref(), Some("/v1/{a}"));
        assert_eq!(template(&tree, "POST", "/v1/7"), None);
    }

    #[test]
    fn a_mount_and_a_trailing_slash_stay() {
        let tree = tree(&["GET /", "GET /v1/{a}"]);
        for (path, expected) in [
            ("/", "/"),
            ("", ""),
            ("/m", "/m"),
            ("/m/", "/m/"),
            ("/m/n", "/m/n"),
            ("/m/v1/7/", "/m/v1/{a}/"),
            ("/any/where/v1/7", "/any/where/v1/{a}"),
            ("//v1/7", "//v1/{a}"),
        ] {
            assert_eq!(template(&tree, "GET", path).as_deref(), Some(expected), "{path}");
        }
        for path in ["/other", "/mm", "/v1//", "/v1/7/8", "/m/v1"] {
            assert_eq!(template(&tree, "GET", path), None, "{path}");
        }
    }

    #[test]
    fn options_parts_of_segments_and_rests() {
        let tree =
            tree(&["GET /v3[/{p}]/vols/{v}", "GET /f/{name}.zip", "GET /f/{name}", "GET /o/{c}/{key+}"]);
        assert_eq!(template(&tree, "GET", "/v3/vols/1").as_deref(), Some("/v3/vols/{v}"));
        assert_eq!(template(&tree, "GET", "/v3/9/vols/1").as_deref(), Some("/v3/{p}/vols/{v}"));
        assert_eq!(template(&tree, "GET", "/f/가.zip").as_deref(), Some("/f/{name}.zip"));
        assert_eq!(template(&tree, "GET", "/f/.zip").as_deref(), Some("/f/{name}"));
        assert_eq!(template(&tree, "GET", "/o/c/a//b/").as_deref(), Some("/o/{c}/{key}/"));
        assert_eq!(template(&tree, "GET", "/o/c"), None);
    }

    #[test]
    fn a_second_route_for_the_same_paths_is_refused() {
        let mut tree = tree(&["GET /v1/{a}"]);
        let mut other = tree.routes()[0].clone();
        other.pattern = Pattern::parse("/v1/{b}/").unwrap();
        assert!(!tree.insert(other));
    }

    #[test]
    fn a_malformed_path_is_refused() {
        for path in [
            "v1", "/a//b", "/{", "/{a", "/a}", "/{}", "/{a b}", "/{a}{b}", "/{a+}/b", "/x{a+}", "/{a}/{a}",
            "/[a", "/a?b",
        ] {
            assert!(Pattern::parse_all(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn the_values_put_back_give_the_path(path in "(/(v1|v3|list|m|o|x|[^/]{0,3})){0,7}/?", method in "GET|PUT|HEAD|x") {
            let tree = tree(&["GET /", "GET /v1/{a}", "GET /v1/list", "PUT /v1/{a}/{b}.x", "GET /v3[/{p}]/list/{v}", "GET /o/{c}/{key+}"]);
            if let Some(found) = tree.find(&method, &path, &["/m".to_owned()]) {
                let mut rest = found.template.as_str();
                let mut back = String::new();
                for (name, value) in &found.variables {
                    let (before, after) = rest.split_once(&format!("{{{name}}}")).unwrap();
                    back.push_str(before);
                    back.push_str(value);
                    rest = after;
                }
                back.push_str(rest);
                prop_assert_eq!(back, path);
            }
        }
    }
}
