//! Moments, as archives write them.
//!
//! HAR 1.2 demands ISO 8601 with a zone. What programs really write is read too: without a zone, a
//! space for the `T`, small letters, any number of digits, seconds, milli-, micro- or nanoseconds
//! since 1970, the form of HTTP's `Date`. What this leaves out: dates in the order of a country.

use chrono::{DateTime, NaiveDateTime};

use crate::trace::Micros;

/// The moment that `text` names; one without a zone is taken for UTC. An error is a sentence.
pub(super) fn parse(text: &str) -> Result<Micros, String> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)) {
        return Ok(time.timestamp_micros());
    }
    if let Some(time) = text.parse().ok().and_then(since_1970) {
        return Ok(time);
    }
    let mut plain = text.to_ascii_uppercase().replace(',', ".");
    if plain.get(10..11) == Some(" ") {
        plain.replace_range(10..11, "T");
    }
    let plain = plain.replace(' ', "");
    let zone = ["UTC", "GMT", "Z"].iter().find_map(|zone| plain.strip_suffix(zone));
    if zone.is_none()
        && let Ok(time) = DateTime::parse_from_str(&plain, "%Y-%m-%dT%H:%M:%S%.f%z")
    {
        return Ok(time.timestamp_micros());
    }
    NaiveDateTime::parse_from_str(zone.unwrap_or(&plain), "%Y-%m-%dT%H:%M:%S%.f")
        .map(|time| time.and_utc().timestamp_micros())
        .map_err(|error| error.to_string())
}

/// The moment that a number names, in the unit that makes it one between 1990 and 2200.
pub(super) fn since_1970(number: f64) -> Option<Micros> {
    const YEAR: f64 = 365.2425 * 86_400.0;
    let is_near = |seconds: &f64| (20.0 * YEAR..230.0 * YEAR).contains(seconds);
    let seconds = [1.0, 1e3, 1e6, 1e9].map(|unit| number / unit).into_iter().find(is_near)?;
    Some((seconds * 1e6).round() as Micros)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_to_write_a_time_is_read() {
        const TIME: Micros = 1_795_176_000_000_001;
        for text in [
            "2026-11-20T12:00:00.000001Z",
            "2026-11-20T21:00:00.000001+0900",
            "2026-11-20T21:00:00.000001+09:00",
            "2026-11-20T12:00:00.000001",
            "2026-11-20 12:00:00.000001",
            "2026-11-20t12:00:00.000001z",
            "2026-11-20 12:00:00.000001 UTC",
            "2026-11-20 21:00:00,000001 +0900",
            " 2026-11-20T12:00:00.000001999Z ",
            "1795176000.000001",
            "1795176000000001",
        ] {
            assert_eq!(parse(text), Ok(TIME), "{text}");
        }
        let seconds = TIME / 1_000_000 * 1_000_000;
        for text in ["Fri, 20 Nov 2026 12:00:00 GMT", "1795176000", "1795176000000", "1795176000000000000"] {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        for text in ["yesterday", "", "5", "-1", "1e300", "NaN", "2026-11-32T00:00:00Z", "20.11.2026"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_it(text in any::<String>(), number in any::<f64>()) {
            let _ = (parse(&text), since_1970(number));
        }
    }
}
