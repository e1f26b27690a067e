//! The map of one floor, from the ground up: what is left out, sections, tables, seats, names, and
//! where people look.

use std::fmt::Write;

use super::legend::write_focal_point;
use super::scene::{Floor, Scene};
use super::svg::{Escaped, Px, clipped};
use super::{labels, seats, shapes};
use crate::limits::DRAWN_THINGS_MAX;

/// Stretches left out that are shown, in each direction.
const BREAKS_MAX: usize = 40;
/// Letters of a zone's name.
const ZONE_LETTERS_MAX: usize = 24;

/// Writes the map with its upper left corner at the origin.
pub(super) fn write(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>) {
    for x in floor.breaks_x.iter().take(BREAKS_MAX) {
        let _ =
            writeln!(out, "<path class=\"cut\" d=\"M{} 12V{}\"/>", Px(*x), Px(floor.height - 12.0));
    }
    for y in floor.breaks_y.iter().take(BREAKS_MAX) {
        let _ =
            writeln!(out, "<path class=\"cut\" d=\"M12 {}H{}\"/>", Px(*y), Px(floor.width - 12.0));
    }
    shapes::write_grounds(out, scene, floor);
    shapes::write_tables(out, scene, floor);
    seats::write(out, scene, floor);
    labels::write(out, scene, floor);
    for (point, name) in floor.focal_points.iter().take(DRAWN_THINGS_MAX) {
        write_focal_point(out, point.x, point.y);
        let (x, y) = (Px(point.x), Px(point.y + 22.0));
        let name = clipped(name, ZONE_LETTERS_MAX);
        let _ = writeln!(
            out,
            "<text class=\"ft m halo\" stroke-width=\"3\" x=\"{x}\" y=\"{y}\">{}</text>",
            Escaped(&name)
        );
    }
}
