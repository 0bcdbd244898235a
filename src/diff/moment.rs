//! Times in texts: which moment they name, and in which format.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{NaiveDate, NaiveDateTime};

use crate::trace::Micros;

pub(super) const SECOND: Micros = 1_000_000;
const DAY: Micros = 86_400 * SECOND;

/// How long before an exchange a time may lie that was made in the run of it, or in its setup.
const PAST: Micros = DAY;
/// By how much two clocks may differ, and how long a command may take between two of its calls.
const JITTER: Micros = 5 * SECOND;
/// A lifetime is measured from the exchange that shows it, not from the one that began it.
const MOST_JITTER: Micros = 600 * SECOND;
/// How long anything may live that a run makes.
const FUTURE: Micros = 3_660 * DAY;
/// The same for a number, which may be anything else.
const FUTURE_OF_A_NUMBER: Micros = 400 * DAY;

/// A time near a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// The same for all times that are written alike.
    pub(super) format: u64,
    /// How long after the exchange.
    offset: Micros,
}

impl Moment {
    /// The moment that `text` names, if it is near `clock`.
    pub(super) fn near(text: &str, clock: Micros) -> Option<Moment> {
        let is_number = !text.contains([' ', ':', '-']);
        let (micros, unit) = if is_number { (number(text)?, SECOND) } else { parse(text)? };
        // Of a day that is named alone, any hour may be meant.
        let offset = if unit == DAY { micros.div_euclid(DAY) - clock.div_euclid(DAY) } else { 0 };
        let offset = if unit == DAY { offset * DAY } else { micros - clock };
        let future = if is_number { FUTURE_OF_A_NUMBER } else { FUTURE };
        (-PAST..=future).contains(&offset).then(|| Moment { format: format(text), offset })
    }

    /// Whether two runs of the same thing write these.
    pub(super) fn is_like(self, other: Moment) -> bool {
        let (a, b) = (self.offset, other.offset);
        let jitter = (a.max(b) / 50).clamp(JITTER, MOST_JITTER);
        self.format == other.format && ((a <= JITTER && b <= JITTER) || (a - b).abs() <= jitter)
    }
}

/// The moment of a header `Date`.
pub(super) fn of_header(date: &str) -> Option<Micros> {
    parse(date).map(|(micros, _)| micros)
}

/// The time in `text`, written alike, as far from `to` as it is from `from`, to a second; a day alone by days.
pub(super) fn moved(text: &str, from: Micros, to: Micros) -> Option<String> {
    let by = (to - from).div_euclid(SECOND);
    if !text.contains([' ', ':', '-']) {
        let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
        let unit = if text.len() == 13 && fraction.is_empty() { 1_000 } else { 1 };
        return Some(format!("{}{fraction}", whole.parse::<i64>().ok()? + by * unit));
    }
    let (moment, unit) = parse(text)?;
    let by = if unit == DAY { to.div_euclid(DAY) - from.div_euclid(DAY) } else { by };
    let local = moment + zone_of(text) + by * unit;
    let local = chrono::DateTime::from_timestamp_micros(local)?.naive_utc();
    let is_http = text.starts_with(|c: char| c.is_ascii_alphabetic());
    Some(if is_http { http_like(text, local)? } else { date_time_like(text, local) })
}

/// `moment` as `text` is written, which begins with the name of a day.
fn http_like(text: &str, moment: NaiveDateTime) -> Option<String> {
    let end = text.find([',', ' '])?;
    let (name, rest) = text.split_at(end);
    let name = moment.format(if name.len() == 3 { "%a" } else { "%A" });
    let start = rest.find(|c: char| !matches!(c, ',' | ' '))?;
    let (space, rest) = rest.split_at(start);
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some(format!("{name}{space}{}", moment.format("%b %e %H:%M:%S %Y")));
    }
    // 26 Nov 2026 20:16:55 GMT
    let separator = rest.get(2..3)?;
    let date = rest.find(':')? - 3;
    let year = if rest[..date].len() < "26 Nov 2026".len() { "%y" } else { "%Y" };
    let format = format!("%d{separator}%b{separator}{year} %H:%M:%S");
    let behind = rest.get(date + " 20:16:55".len()..)?;
    Some(format!("{name}{space}{}{behind}", moment.format(&format)))
}

/// `moment` as `text` is written, which begins with the year; its fraction stays.
fn date_time_like(text: &str, moment: NaiveDateTime) -> String {
    let written = moment.format("%Y-%m-%dT%H:%M:%S").to_string();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let copied = |(at, (old, new)): (usize, (char, char))| {
        // Seconds, where there are any, stand behind a colon; a zone is written otherwise.
        let is_in = at < 16 || (text.as_bytes()[16] == b':' && is_digit(text.as_bytes().get(at)));
        if is_in && old.is_ascii_digit() { new } else { old }
    };
    let length = text.len().min(written.len());
    text[..length].chars().zip(written.chars()).enumerate().map(copied).collect::<String>() + &text[length..]
}

/// Seconds, with a fraction or not, or milliseconds.
fn number(text: &str) -> Option<Micros> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: Micros = whole.parse().ok()?;
    if text.len() == 13 && fraction.is_empty() {
        return Some(whole * 1_000);
    }
    Some(whole.checked_mul(SECOND)? + micros_of(fraction))
}

fn micros_of(fraction: &str) -> Micros {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    digits.fold(0, |micros, digit| micros * 10 + Micros::from(digit.wrapping_sub(b'0') % 10))
}

/// The moment, and the unit in which the text tells it. Without a zone it is UTC's.
fn parse(text: &str) -> Option<(Micros, Micros)> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) { http(text) } else { date_time(text) }
}

fn http(text: &str) -> Option<(Micros, Micros)> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = text.split([' ', '-', ',']).filter(|word| !word.is_empty()).collect();
    let [_, a, b, c, d, ..] = words[..] else { return None };
    let (month, day, year, time) = if MONTHS.contains(&a) { (a, b, d, c) } else { (b, a, c, d) };
    let month = MONTHS.iter().position(|name| *name == month)? as u32 + 1;
    let year: i32 = year.parse().ok()?;
    let year = if year < 100 { year + 2000 } else { year };
    let date = NaiveDate::from_ymd_opt(year, month, day.parse().ok()?)?;
    let time = chrono::NaiveTime::parse_from_str(time, "%H:%M:%S").ok()?;
    Some((micros(date.and_time(time)) - zone_of(text), SECOND))
}

fn date_time(text: &str) -> Option<(Micros, Micros)> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let date = NaiveDate::from_ymd_opt(number(0..4)? as i32, number(5..7)?, number(8..10)?)?;
    let Some((hour, minute)) = number(11..13).zip(number(14..16)) else {
        return Some((micros(date.and_hms_opt(0, 0, 0)?), DAY));
    };
    let second = if text.as_bytes().get(16) == Some(&b':') { number(17..19)? } else { 0 };
    let rest = text.get(19..).unwrap_or_default();
    let fraction = rest.strip_prefix(['.', ',']).unwrap_or_default();
    let fraction = &fraction[..fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len())];
    let moment = date.and_hms_opt(hour, minute, second.min(59))?;
    Some((micros(moment) + micros_of(fraction) - zone_of(text), SECOND))
}

fn micros(moment: NaiveDateTime) -> Micros {
    moment.and_utc().timestamp_micros()
}

/// How much later than UTC's the clock is that a time with a time of day was read from.
fn zone_of(text: &str) -> Micros {
    let is_http = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let start = if is_http { text.len() - 5 } else { 16 };
    let Some(end) = text.get(start..) else { return 0 };
    end.rfind(['+', '-']).filter(|&at| at == 0 || !is_http).map_or(0, |at| zone(&end[at..]))
}

/// `+09:00` or `-0130`.
fn zone(text: &str) -> Micros {
    let digits: Vec<Micros> =
        text.bytes().filter(u8::is_ascii_digit).map(|digit| Micros::from(digit - b'0')).collect();
    let [a, b, c, d] = digits[..] else { return 0 };
    let minutes = (a * 10 + b) * 60 + c * 10 + d;
    if text.starts_with('-') { -minutes * 60 * SECOND } else { minutes * 60 * SECOND }
}

/// How a time is written: a digit is as good as another one, and so is a name. Writers that cut zeros off
/// a fraction write thousandths, millionths or billionths.
fn format(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let class = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
        let is_fraction =
            matches!(bytes[at], b'.' | b',') && at >= 10 && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if is_fraction {
            let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            (bytes[at], digits.div_ceil(3)).hash(&mut hasher);
            at += 1 + digits;
        } else if matches!(bytes[at], b'+' | b'-') && at > 10 {
            // Another zone is another format.
            bytes[at..].hash(&mut hasher);
            break;
        } else if bytes[at].is_ascii_alphabetic() && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase) {
            let letters = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            b'A'.hash(&mut hasher);
            at += letters;
        } else {
            class(bytes[at]).hash(&mut hasher);
            at += 1;
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_in_every_format() {
        let day = micros(NaiveDate::from_ymd_opt(2026, 11, 26).unwrap().and_hms_opt(0, 0, 0).unwrap());
        let moment = day + (20 * 3600 + 16 * 60 + 55) * SECOND;
        for text in [
            "2026-11-26T20:16:55Z",
            "2026-11-26 20:16:55",
            "2026-11-27T05:16:55+09:00",
            "2026-11-26T18:46:55.000000-0130",
            "Thu, 26 Nov 2026 20:16:55 GMT",
            "Thu, 26-Nov-26 20:16:55 GMT",
            "Fri, 27 Nov 2026 05:16:55 +0900",
            "Thu, 26 Nov 2026 18:46:55 -0130",
            "Thu Nov 26 20:16:55 2026",
        ] {
            assert_eq!(parse(text), Some((moment, SECOND)), "{text}");
        }
        let seconds = (moment / SECOND).to_string();
        assert_eq!(number(&seconds), Some(moment));
        assert_eq!(number(&format!("{seconds}.25")), Some(moment + SECOND / 4));
        assert_eq!(number(&(moment / 1000).to_string()), Some(moment));
        assert_eq!(parse("2026-11-26"), Some((day, DAY)));
        assert_eq!(parse("2026-13-26"), None);
    }

    #[test]
    fn a_moved_time_is_written_alike() {
        let clock = |text| parse(text).unwrap().0;
        let (from, to) = (clock("2026-11-26T20:16:55Z"), clock("2026-02-28T23:00:55Z"));
        for (text, expected) in [
            ("2026-11-26T20:16:55Z", "2026-02-28T23:00:55Z"),
            ("2026-11-26 21:16:55.123456789", "2026-03-01 00:00:55.123456789"),
            ("2026-11-26T20:16", "2026-02-28T23:00"),
            ("2026-11-26T20:16+00:00", "2026-02-28T23:00+00:00"),
            ("2026-11-27T05:16:55+09:00", "2026-03-01T08:00:55+09:00"),
            ("2026-11-28", "2026-03-02"),
            ("Thu, 26 Nov 2026 20:16:55 GMT", "Sat, 28 Feb 2026 23:00:55 GMT"),
            ("Thursday, 26-Nov-26 20:16:55 GMT", "Saturday, 28-Feb-26 23:00:55 GMT"),
            ("Fri, 27 Nov 2026 05:16:55 +0900", "Sun, 01 Mar 2026 08:00:55 +0900"),
            ("Thu Nov 26 21:16:55 2026", "Sun Mar  1 00:00:55 2026"),
        ] {
            assert_eq!(moved(text, from, to).as_deref(), Some(expected), "{text}");
            assert_eq!(moved(expected, to, from).as_deref(), Some(text), "{expected}");
        }
        let seconds = (from / SECOND).to_string();
        assert_eq!(moved(&format!("{seconds}.25"), from, to), Some(format!("{}.25", to / SECOND)));
        assert_eq!(moved(&format!("{seconds}000"), from, to), Some((to / 1000).to_string()));
    }

    #[test]
    fn a_lifetime_and_a_format_tell_times_apart() {
        let clock = parse("2026-11-26T20:16:55Z").unwrap().0;
        let near = |text| Moment::near(text, clock);
        let is_like = |a, b| near(a).unwrap().is_like(near(b).unwrap());
        assert!(is_like("2026-11-26T20:16:54Z", "2026-11-26T11:00:01Z"));
        assert!(is_like("2026-11-26T21:16:54Z", "2026-11-26T21:17:20Z"));
        assert!(!is_like("2026-11-26T21:16:54Z", "2026-11-27T20:16:54Z"), "an hour, a day");
        assert!(!is_like("2026-11-26T20:16:54Z", "2026-11-26T20:17:54Z"), "at once, a minute");
        assert!(!is_like("2026-11-26T20:16:54Z", "2026-11-26T20:16:54"));
        assert!(!is_like("2026-11-26T20:16:54Z", "2026-11-26T20:16:54.000Z"));
        assert!(is_like("2026-11-26T20:16:54.12345678Z", "2026-11-26T20:16:54.1234567Z"));
        assert!(!is_like("2026-11-26T20:16:54+00:00", "2026-11-26T21:16:54+01:00"));
        assert_eq!(near("2020-04-07T00:00:00Z"), None);
        assert!(near("1795724215").is_some() && near("1295724215").is_none());
    }
}
