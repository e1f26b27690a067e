//! Draws an oval arena: a field with straight long sides and round ends, and stands around it in
//! tiers of rings, cut into sections by aisles. The same number of seats always gives the same
//! chart, to the last bit, on every machine.
//!
//! Lengths are centimetres. The middle of the field is the origin; north is up.

use inventory_core::chart::{Category, Chart, ChartParts, Point, Row, Seat, Section, Zone};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex, ZoneIndex};
use inventory_core::limits::CHART_SEATS_MAX;

use crate::turn::unit_vector;

/// Seats of the demonstration venue.
pub const DEMONSTRATION_SEATS: u32 = 9_000;

/// Seats that a row has at most.
pub const ROW_SEATS_MAX: u32 = 40;

/// Rings of seats that a tier has at most.
pub const TIER_RINGS_MAX: u32 = 14;

const SEAT_WIDTH: f64 = 50.0;
const ROW_DEPTH: f64 = 80.0;
const AISLE_WIDTH: f64 = 120.0;
/// Between one tier and the next.
const GANGWAY_WIDTH: f64 = 250.0;

/// What a venue with [`DEMONSTRATION_SEATS`] seats has; others are scaled to their size.
const STRAIGHT_LENGTH: f64 = 3_000.0;
const INNER_RADIUS: f64 = 1_500.0;
/// A field is no smaller than this, however few seats there are.
const INNER_RADIUS_MIN: f64 = 400.0;

/// How many seats one asked for that no chart has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a venue has 1 to {CHART_SEATS_MAX} seats, not {0}")]
pub struct SeatsOutOfRange(pub u32);

/// The demonstration venue: some 9,000 seats in two tiers.
pub fn demonstration() -> Chart {
    build("Holdfast Arena", DEMONSTRATION_SEATS)
}

/// A venue with exactly this many seats, from 1 to [`CHART_SEATS_MAX`].
pub fn with_seats(seats: u32) -> Result<Chart, SeatsOutOfRange> {
    if seats == 0 || seats as usize > CHART_SEATS_MAX {
        return Err(SeatsOutOfRange(seats));
    }
    Ok(build(&format!("Arena with {seats} seats"), seats))
}

fn build(name: &str, seats: u32) -> Chart {
    let plan = Plan::of(seats);
    let mut parts = empty_venue(name, &plan);
    let section_digits = plan.blocks_max().to_string().len().max(2);
    for (tier_index, tier) in plan.tiers.iter().enumerate() {
        for (block_index, block) in tier.blocks.iter().enumerate() {
            let number = format!("{}{:0section_digits$}", tier_index + 1, block_index + 1);
            draw_block(&mut parts, &plan, tier_index, block_index, block, number);
        }
    }
    Chart::new(parts).expect("sections are numbered, so labels are unique, and indexes are ours")
}

/// A side of the oval; its zone has the same index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    North,
    East,
    South,
    West,
}

impl Side {
    const ALL: [Self; 4] = [Self::North, Self::East, Self::South, Self::West];

    fn name(self) -> &'static str {
        match self {
            Self::North => "North Stand",
            Self::East => "East Curve",
            Self::South => "South Stand",
            Self::West => "West Curve",
        }
    }

    fn is_straight(self) -> bool {
        matches!(self, Self::North | Self::South)
    }

    /// From the middle of the field towards the side.
    fn direction(self) -> Point {
        match self {
            Self::North => Point { x: 0.0, y: -1.0 },
            Self::East => Point { x: 1.0, y: 0.0 },
            Self::South => Point { x: 0.0, y: 1.0 },
            Self::West => Point { x: -1.0, y: 0.0 },
        }
    }
}

/// The geometry and the number of seats of each row, before a single seat is drawn.
struct Plan {
    straight_length: f64,
    inner_radius: f64,
    tiers: Vec<Tier>,
}

struct Tier {
    blocks: Vec<Block>,
    /// The radius of each ring, inside first.
    radii: Vec<f64>,
}

/// What lies between two aisles: a part of one side.
struct Block {
    side: Side,
    /// Where it lies on its side: the `index`th of `count` equal parts, clockwise.
    index: u32,
    count: u32,
    /// The seats of each ring.
    seats_by_ring: Vec<u32>,
}

impl Plan {
    fn of(seats: u32) -> Self {
        let scale = (f64::from(seats) / f64::from(DEMONSTRATION_SEATS)).sqrt();
        let inner_radius = (INNER_RADIUS * scale).max(INNER_RADIUS_MIN).round();
        let straight_length = (inner_radius * STRAIGHT_LENGTH / INNER_RADIUS).round();
        let mut plan = Self { straight_length, inner_radius, tiers: Vec::new() };
        let (mut missing, mut radius) = (seats, inner_radius + ROW_DEPTH);
        while missing > 0 {
            let (tier, taken) = plan.tier(radius, missing);
            missing -= taken;
            radius += tier.radii.len() as f64 * ROW_DEPTH + GANGWAY_WIDTH;
            plan.tiers.push(tier);
        }
        plan
    }

    /// A tier that starts at a radius and has no more seats than are missing.
    fn tier(&self, radius: f64, missing: u32) -> (Tier, u32) {
        let outer_radius = radius + f64::from(TIER_RINGS_MAX - 1) * ROW_DEPTH;
        let block_width_max = f64::from(ROW_SEATS_MAX) * SEAT_WIDTH + AISLE_WIDTH;
        let mut blocks = Vec::new();
        for side in Side::ALL {
            let count = (self.side_length(side, outer_radius) / block_width_max).ceil() as u32;
            blocks.extend((0..count).map(|index| Block {
                side,
                index,
                count,
                seats_by_ring: Vec::new(),
            }));
        }
        let mut tier = Tier { blocks, radii: Vec::new() };
        let mut taken = 0;
        for ring in 0..TIER_RINGS_MAX {
            let radius = radius + f64::from(ring) * ROW_DEPTH;
            let room: Vec<u32> = tier.blocks.iter().map(|block| self.room(block, radius)).collect();
            let total: u32 = room.iter().sum();
            let wanted = total.min(missing - taken);
            // The last ring is thinned out evenly where it has more seats than are missing.
            let share = |room: u32| (u64::from(room) * u64::from(wanted) / u64::from(total)) as u32;
            let mut before = 0;
            for (block, room) in tier.blocks.iter_mut().zip(room) {
                block.seats_by_ring.push(share(before + room) - share(before));
                before += room;
            }
            tier.radii.push(radius);
            taken += wanted;
            if taken == missing {
                break;
            }
        }
        (tier, taken)
    }

    fn side_length(&self, side: Side, radius: f64) -> f64 {
        if side.is_straight() { self.straight_length } else { std::f64::consts::PI * radius }
    }

    /// How many seats fit into a row of a block.
    fn room(&self, block: &Block, radius: f64) -> u32 {
        let width = self.side_length(block.side, radius) / f64::from(block.count) - AISLE_WIDTH;
        ((width / SEAT_WIDTH) as u32).clamp(1, ROW_SEATS_MAX)
    }

    /// The position of a seat, to the centimetre.
    fn position(&self, block: &Block, radius: f64, seat: u32, seats: u32) -> Point {
        let side_length = self.side_length(block.side, radius);
        let block_length = side_length / f64::from(block.count);
        let middle = (f64::from(block.index) + 0.5) * block_length;
        let from_middle = (f64::from(seat) - f64::from(seats - 1) / 2.0) * SEAT_WIDTH;
        let along = middle + from_middle;
        let half = self.straight_length / 2.0;
        let point = match block.side {
            Side::North => Point { x: along - half, y: -radius },
            Side::South => Point { x: half - along, y: radius },
            Side::East | Side::West => {
                let turns = along / side_length / 2.0;
                let is_east = block.side == Side::East;
                let around = unit_vector(if is_east { turns - 0.25 } else { turns + 0.25 });
                let centre = if is_east { half } else { -half };
                Point { x: centre + around.x * radius, y: around.y * radius }
            }
        };
        Point { x: point.x.round() + 0.0, y: point.y.round() + 0.0 }
    }

    fn blocks_max(&self) -> usize {
        self.tiers.iter().map(|tier| tier.blocks.len()).max().unwrap_or(0)
    }

    /// The price level of a row, by its distance and by how much of the field one sees from it.
    fn category(&self, block: &Block, radius: f64) -> CategoryIndex {
        let outer = self.tiers.last().and_then(|tier| tier.radii.last()).copied();
        let depth = outer.unwrap_or(radius) - self.inner_radius;
        let distance = (radius - self.inner_radius) / depth;
        let seen_from_behind = if block.side.is_straight() { 0.0 } else { 0.25 };
        CategoryIndex(match distance + seen_from_behind {
            ..0.25 => 0,
            ..0.55 => 1,
            ..0.9 => 2,
            _ => 3,
        })
    }
}

fn empty_venue(name: &str, plan: &Plan) -> ChartParts {
    let category = |key: &str, label: &str, color: &str| Category {
        key: key.to_owned(),
        label: label.to_owned(),
        color: Some(color.to_owned()),
    };
    // From each side the nearest third of the field is what counts most.
    let zone = |side: Side| {
        let direction = side.direction();
        let reach =
            plan.inner_radius / 3.0 + if side.is_straight() { 0.0 } else { plan.inner_radius };
        let focal_point = Point {
            x: (direction.x * reach).round() + 0.0,
            y: (direction.y * reach).round() + 0.0,
        };
        let key = side.name().to_lowercase().replace(' ', "-");
        Zone { key, label: side.name().to_owned(), focal_point: Some(focal_point) }
    };
    ChartParts {
        name: name.to_owned(),
        categories: vec![
            category("premium", "Premium", "#b8860b"),
            category("first", "First", "#1f6f8b"),
            category("second", "Second", "#3d8361"),
            category("third", "Third", "#7a5c8e"),
        ],
        zones: Side::ALL.into_iter().map(zone).collect(),
        focal_point: Some(Point::default()),
        ..ChartParts::default()
    }
}

fn draw_block(
    parts: &mut ChartParts,
    plan: &Plan,
    tier_index: usize,
    block_index: usize,
    block: &Block,
    number: String,
) {
    if block.seats_by_ring.iter().all(|seats| *seats == 0) {
        return;
    }
    let tier = &plan.tiers[tier_index];
    let section = SectionIndex(parts.sections.len() as u32);
    parts.sections.push(Section {
        label: number.clone(),
        zone: Some(ZoneIndex(block.side as u32)),
        floor: None,
        entrance: Some(format!("Gate {}", block.side as u32 * 2 + 1 + block.index % 2)),
    });
    for (ring, (&radius, &count)) in tier.radii.iter().zip(&block.seats_by_ring).enumerate() {
        if count == 0 {
            continue;
        }
        let row_label = letters(ring);
        let category = Some(plan.category(block, radius));
        let first = parts.seats.len() as u32;
        // One enters at the back of the first tier without a step: there is a place for a
        // wheelchair at the aisle of every other section, and one for a companion beside it.
        let is_level = tier_index == 0 && ring + 1 == tier.radii.len() && count >= 4;
        let has_wheelchair_place = is_level && block_index.is_multiple_of(2);
        // The rail of a curve's upper tiers stands in the way of who sits at its ends.
        let has_rail = tier_index > 0 && ring == 0 && !block.side.is_straight();
        parts.seats.extend((0..count).map(|seat| Seat {
            label: format!("{number}-{row_label}-{}", seat + 1),
            section: Some(section),
            category,
            position: plan.position(block, radius, seat, count),
            entrance: None,
            accessible: has_wheelchair_place && seat == 0,
            companion: has_wheelchair_place && seat == 1,
            restricted_view: has_rail && (seat == 0 || seat + 1 == count),
        }));
        let seats = (first..first + count).map(SeatIndex).collect();
        parts.rows.push(Row { label: row_label, section: Some(section), seats });
    }
}

/// A, B, ... Z, AA, AB and so on.
fn letters(index: usize) -> String {
    let letter = char::from(b'A' + (index % 26) as u8);
    match index / 26 {
        0 => letter.to_string(),
        more => letters(more - 1) + &letter.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_lettered_like_columns_of_a_sheet() {
        let found = [0, 25, 26, 51, 52, 701, 702].map(letters);
        assert_eq!(found, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
