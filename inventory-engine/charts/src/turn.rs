//! Directions by plain arithmetic. The sine of a platform's own library may differ in its last
//! digit from another's, and the content of a chart that is computed here, and so its hash, has
//! to be the same everywhere.

use std::f64::consts::TAU;

use inventory_core::chart::Point;

/// The point on the unit circle after a fraction of a full turn from the x axis, clockwise on a
/// screen (y grows downwards). Exact to about twelve digits for any fraction between -100 and 100.
pub(crate) fn unit_vector(turns: f64) -> Point {
    // Within an eighth of a turn around one of the four axes the series needs few terms.
    let quarters = (turns * 4.0).round();
    let angle = (turns - quarters / 4.0) * TAU;
    let square = angle * angle;
    let (mut sine, mut cosine, mut term) = (0.0, 0.0, 1.0);
    for order in 0..9 {
        cosine += term;
        sine += term * angle / f64::from(2 * order + 1);
        term *= -square / f64::from((2 * order + 1) * (2 * order + 2));
    }
    match quarters.rem_euclid(4.0) as u8 {
        0 => Point { x: cosine, y: sine },
        1 => Point { x: -sine, y: cosine },
        2 => Point { x: -cosine, y: -sine },
        _ => Point { x: sine, y: -cosine },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_platform_to_twelve_digits() {
        for step in -4_000..4_000 {
            let turns = f64::from(step) / 1_000.0;
            let (sine, cosine) = (turns * TAU).sin_cos();
            let point = unit_vector(turns);
            let error = (point.x - cosine).abs().max((point.y - sine).abs());
            assert!(error < 1e-12, "{error:e} off at {turns} turns");
        }
    }
}
