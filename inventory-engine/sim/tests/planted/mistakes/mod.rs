//! The mistakes: what a tired person could have written instead of what is there.
//!
//! Must always hold: each is small, compiles, and is really wrong: somebody outside of the engine
//! could see it, sooner or later. One that another check makes harmless would prove nothing.

mod decisions;
mod feed;
mod journal;
mod memory;
mod pipeline;
mod restarts;
mod snapshots;

/// Something that is done wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mistake {
    /// What the switch calls it.
    pub(crate) name: &'static str,
    /// What it breaks, in a few words.
    pub(crate) breaks: &'static str,
    pub(crate) edits: &'static [Edit],
}

/// What is written otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    /// The file, from the root of the workspace.
    pub(crate) path: &'static str,
    /// Text that is in the file once.
    pub(crate) around: &'static str,
    /// Text that is in `around` once: an expression, or a statement with its semicolon.
    pub(crate) right: &'static str,
    /// What stands there by mistake.
    pub(crate) wrong: &'static str,
}

impl Edit {
    const fn new(path: &'static str, right: &'static str, wrong: &'static str) -> Self {
        Self { path, around: right, right, wrong }
    }

    /// Where the right text is in the file more than once.
    const fn within(self, around: &'static str) -> Self {
        Self { around, ..self }
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Mistake> {
    let lists = [
        decisions::MISTAKES,
        memory::MISTAKES,
        pipeline::MISTAKES,
        feed::MISTAKES,
        journal::MISTAKES,
        restarts::MISTAKES,
        snapshots::MISTAKES,
    ];
    lists.concat()
}
