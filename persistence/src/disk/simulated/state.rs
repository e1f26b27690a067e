//! All that is on a simulated disk: nodes, found from the root by names, and the space they take.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

use super::chance::Chance;
use super::content::Content;
use super::names::{Change, Names, NodeId};
use super::power_cut::PowerCut;

const ROOT: NodeId = 0;

/// A disk.
#[derive(Clone, Debug)]
pub(super) struct State {
    nodes: BTreeMap<NodeId, Node>,
    next_id: NodeId,
    pub(super) capacity_bytes: u64,
    pub(super) operations: u64,
    pub(super) is_down: bool,
    /// Decides what a failed sync leaves, and in which order names are listed.
    pub(super) chance: Chance,
}

/// A file or a directory.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Names that it has now.
    names: usize,
    /// How often it is open.
    pub(super) handles: usize,
    pub(super) is_locked: bool,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    File(Content),
    Directory(Names),
}

impl State {
    pub(super) fn new(capacity_bytes: u64, seed: u64) -> Self {
        let root = Node::new(Body::Directory(Names::default()));
        Self {
            nodes: BTreeMap::from([(ROOT, root)]),
            next_id: ROOT + 1,
            capacity_bytes,
            operations: 0,
            is_down: false,
            chance: Chance::new(seed),
        }
    }

    /// Bytes that nobody has taken.
    pub(super) fn free_bytes(&self) -> u64 {
        let in_use = self.nodes.values().filter(|node| node.names > 0 || node.handles > 0);
        let taken: u64 = in_use
            .filter_map(|node| match &node.body {
                Body::File(content) => Some(content.allocated_bytes()),
                Body::Directory(_) => None,
            })
            .sum();
        self.capacity_bytes.saturating_sub(taken)
    }

    /// The node at a path.
    pub(super) fn find(&self, path: &Path) -> io::Result<NodeId> {
        let mut id = ROOT;
        for name in names_of(path)? {
            id = self.names(id)?.get(name).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(id)
    }

    /// The directory that a path is in, and its last name.
    fn place_of<'a>(&self, path: &'a Path) -> io::Result<(NodeId, &'a str)> {
        let last = names_of(path)?.pop().ok_or(io::ErrorKind::InvalidInput)?;
        let directory = self.find(path.parent().unwrap_or(Path::new("")))?;
        self.names(directory)?;
        Ok((directory, last))
    }

    pub(super) fn is_directory(&self, id: NodeId) -> bool {
        matches!(self.nodes[&id].body, Body::Directory(_))
    }

    /// The names in a directory.
    pub(super) fn names(&self, id: NodeId) -> io::Result<&Names> {
        match &self.nodes[&id].body {
            Body::Directory(names) => Ok(names),
            Body::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn names_mut(&mut self, id: NodeId) -> &mut Names {
        match self.nodes.get_mut(&id).map(|node| &mut node.body) {
            Some(Body::Directory(names)) => names,
            Some(Body::File(_)) | None => panic!("node {id} was a directory"),
        }
    }

    pub(super) fn node(&mut self, id: NodeId) -> &mut Node {
        self.nodes.get_mut(&id).expect("what has a name or is open is there")
    }

    /// A file's content.
    pub(super) fn content(&mut self, id: NodeId) -> io::Result<&mut Content> {
        match &mut self.node(id).body {
            Body::File(content) => Ok(content),
            Body::Directory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn create_file(&mut self, path: &Path) -> io::Result<NodeId> {
        self.create(path, Body::File(Content::default()))
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<NodeId> {
        self.create(path, Body::Directory(Names::default()))
    }

    fn create(&mut self, path: &Path, body: Body) -> io::Result<NodeId> {
        let (directory, name) = self.place_of(path)?;
        if self.names(directory)?.get(name).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = self.next_id;
        self.next_id += 1;
        self.nodes.insert(id, Node::new(body));
        self.change(directory, vec![(name.to_owned(), Some(id))]);
        Ok(id)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (directory, old, new) = self.both_places(from, to)?;
        let id = self.file_named(directory, old)?;
        match self.names(directory)?.get(new) {
            Some(other) if other == id => return Ok(()),
            Some(other) if self.is_directory(other) => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Some(_) | None => {}
        }
        self.change(directory, vec![(old.to_owned(), None), (new.to_owned(), Some(id))]);
        Ok(())
    }

    pub(super) fn exchange(&mut self, one: &Path, other: &Path) -> io::Result<()> {
        let (directory, first, second) = self.both_places(one, other)?;
        let first_id = self.file_named(directory, first)?;
        let second_id = self.file_named(directory, second)?;
        let change = [(first, second_id), (second, first_id)];
        self.change(directory, change.map(|(name, id)| (name.to_owned(), Some(id))).into());
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let (directory, name) = self.place_of(path)?;
        self.file_named(directory, name)?;
        self.change(directory, vec![(name.to_owned(), None)]);
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let id = self.find(path)?;
        self.names(id)?;
        self.names_mut(id).sync();
        self.forget_unreachable();
        Ok(())
    }

    /// What is there when the power is back.
    pub(super) fn after(&self, cut: PowerCut) -> Self {
        let PowerCut { unsynced, order, seed } = cut;
        let mut after = Self::new(self.capacity_bytes, seed);
        after.next_id = self.next_id;
        for (&id, node) in &self.nodes {
            let chance = Chance::of(seed, id);
            let body = match &node.body {
                Body::File(content) => Body::File(content.after(unsynced, order, chance)),
                Body::Directory(names) => Body::Directory(names.after(unsynced, order, chance)),
            };
            after.nodes.insert(id, Node::new(body));
        }
        let named: Vec<NodeId> = after
            .nodes
            .values()
            .filter_map(|node| match &node.body {
                Body::Directory(names) => Some(names.all().map(|(_, id)| id).collect::<Vec<_>>()),
                Body::File(_) => None,
            })
            .flatten()
            .collect();
        named.into_iter().for_each(|id| after.node(id).names += 1);
        after.forget_unreachable();
        after
    }

    /// Both in one directory: nothing here moves files between directories.
    fn both_places<'a>(
        &self,
        one: &'a Path,
        other: &'a Path,
    ) -> io::Result<(NodeId, &'a str, &'a str)> {
        let ((directory, first), (other_directory, second)) =
            (self.place_of(one)?, self.place_of(other)?);
        if directory != other_directory {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok((directory, first, second))
    }

    fn file_named(&self, directory: NodeId, name: &str) -> io::Result<NodeId> {
        let id = self.names(directory)?.get(name).ok_or(io::ErrorKind::NotFound)?;
        if self.is_directory(id) { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(id) }
    }

    fn change(&mut self, directory: NodeId, change: Change) {
        for (name, id) in &change {
            let before = self.names_mut(directory).get(name);
            before.into_iter().for_each(|id| self.node(id).names -= 1);
            id.iter().for_each(|id| self.node(*id).names += 1);
        }
        self.names_mut(directory).change(change);
    }

    /// Nobody has it open, and no power cut brings its name back.
    fn forget_unreachable(&mut self) {
        let directories: Vec<Names> = self
            .nodes
            .values()
            .filter_map(|node| match &node.body {
                Body::Directory(names) => Some(names.clone()),
                Body::File(_) => None,
            })
            .collect();
        let may_be_named = |id| directories.iter().any(|names| names.may_name(id));
        self.nodes.retain(|id, node| {
            *id == ROOT || node.names > 0 || node.handles > 0 || may_be_named(*id)
        });
    }
}

impl Node {
    fn new(body: Body) -> Self {
        Self { names: 0, handles: 0, is_locked: false, body }
    }
}

fn names_of(path: &Path) -> io::Result<Vec<&str>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => {
                names.push(name.to_str().ok_or(io::ErrorKind::InvalidInput)?)
            }
            Component::ParentDir | Component::Prefix(_) => {
                return Err(io::ErrorKind::Unsupported.into());
            }
        }
    }
    Ok(names)
}
