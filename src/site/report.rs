//! A report to its page: two sets of recordings read, compared, and laid out.
//!
//! It reads recordings below the folder of the captures, or as a commit has them, and nothing else. Its page
//! follows from all of them, so all of them are what it was made from; of a commit's, which `git` has to be
//! asked for, no run knows beforehand, and the page is made each time. What this leaves out: what a change is
//! (`diff`), and how the page looks.

use std::path::PathBuf;
use std::sync::Arc;

use super::diff::recordings::Recordings;
use super::diff::{
    AllSettings, CaptureSettings, Compared, Pair, There, compare_all, have_no_call_in_common, pairs,
};
use super::file_state::{Digest, FileState};
use super::folders::{Folder, REPORT, SHARED_SETTINGS, ancestors};
use super::named_files::NamedFiles;
use super::page_path::PagePath;
use super::shared::Site;
use super::{Made, in_parallel};
use crate::error::{Error, ErrorKind, Place, Result, Severity};
use crate::files::LARGEST_TEXT;
use crate::page::index::Listed;
use crate::page::report::{self, Capture, Pages, Report, Section, State};
use crate::page::{Input, Page, Phrases, anchor, optional_exchanges};
use crate::redact::Rules;
use crate::render::drawing::expect_drawable;
use crate::render::front_matter;
use crate::render::templates::Content;
use crate::settings::report_toml::{Recorded, ReportToml};
use crate::settings::{Layer, Layout, Located, Settings};
use crate::text::Text;
use crate::text_file::decode;
use crate::trace::Trace;

impl Site<'_> {
    /// Makes the page of a report.
    pub(super) fn make_report(&self, folder: &Folder) -> Result<Made, Vec<Error>> {
        let one = |error| vec![error];
        let mut read = Vec::new();
        let (file, settings) = self.report_settings(folder, &mut read).map_err(one)?;
        let page = PagePath::own(&folder.path, Layout::Page);
        self.check_collision(folder, Layout::Page).map_err(one)?;
        expect_drawable(&settings).map_err(one)?;
        let templates = self.templates(&settings, &mut read).map_err(one)?;
        let phrases = self.phrases(&settings, &templates, None).map_err(one)?;
        let (locale, has_front_matter) = (settings.locale.clone(), settings.front_matter != Some(false));

        let [old, new] = self.recordings(&file, &mut read).map_err(one)?;
        let above = |recorded: &Located<Recorded>, read: &mut Vec<FileState>| {
            let above = self.settings_above(recorded.value.folder(), read);
            let named = NamedFiles::new(self.captures_root.path(), &self.options.trusted);
            (above, named)
        };
        let ((above_old, named_old), (above_new, named_new)) =
            (above(&file.old, &mut read), above(&file.new, &mut read));
        let said_of_old = AllSettings::new(&old, above_old, named_old);
        let said_of_new = AllSettings::new(&new, above_new, named_new);
        let found = compare_all(&old, &new, &said_of_new, self.options.jobs);
        // What is damaged would be told as changed.
        if found.diagnostics.iter().any(|error| error.severity() == Severity::Error) {
            return Err(found.diagnostics);
        }
        expect_something_in_common(&file, &found.captures).map_err(one)?;

        let sides = Sides { old: (&old, &said_of_old), new: (&new, &said_of_new), phrases: &phrases };
        let pairs = pairs(&old, &new);
        let paths = found.captures.iter().map(|compared| &*compared.name);
        let anchored: Vec<_> = found.captures.iter().zip(anchor::of_captures(paths, &phrases)).collect();
        let made = in_parallel(&anchored, self.options.jobs, |(compared, anchor)| {
            sides.capture(compared, anchor, pairs.iter().find(|pair| pair.name == compared.name))
        });
        let captures: Vec<Capture> = made.into_iter().collect::<Result<_, _>>()?;
        let both = captures.iter().zip(&found.captures).filter(|(_, one)| one.there == There::Both);
        let both: Vec<_> = both.map(|(capture, one)| (&capture.section, &*one.changes)).collect();
        let report = Report {
            title: settings.title.unwrap_or_else(|| folder.path.replace('/', " ")),
            path: folder.path.clone(),
            description: settings.description,
            phrases: phrases.clone(),
            diagram_format: settings.diagram,
            old: file.old.value.to_string(),
            new: file.new.value.to_string(),
            facts: report::facts_of(&both),
            captures,
        };
        let mut content = Content::Own(templates.lay_out_report(&report).map_err(one)?);
        if has_front_matter {
            front_matter::put_before(&mut content, &report.front_matter(&locale));
        }
        let listed = Listed {
            path: report.path,
            page: page.to_string(),
            title: report.title,
            description: report.description,
            locale,
            calls: None,
        };
        let is_of_commit = |recorded: &Located<Recorded>| matches!(recorded.value, Recorded::Commit { .. });
        if is_of_commit(&file.old) || is_of_commit(&file.new) {
            read.clear();
        }
        Ok(Made { files: vec![(page, content)], diagnostics: found.diagnostics, read, listed: Some(listed) })
    }

    /// What the settings above a folder say of what is in it, in the language that its own file names, if that
    /// names one.
    pub(super) fn settings_shared(
        &self,
        folder: &Folder,
        locale: Option<&Located<String>>,
        read: &mut Vec<FileState>,
    ) -> Result<Settings> {
        let mut layers: Vec<&Layer> = Vec::new();
        for shared in &folder.shared {
            let (digest, layer) = shared.read(self.captures_root)?;
            let (path, stat) = (shared.found.path.clone(), shared.found.stat);
            read.push(FileState { path, stat, digest: *digest });
            layers.push(layer);
        }
        let mut settings = Settings::resolve(&layers);
        if let Some(Located { value, place }) = locale {
            settings.locale.clone_from(value);
            settings.locale_place = Some(place.clone());
        }
        Ok(settings)
    }

    /// The recordings on the disk that a report compares, each with its files and the rules for secrets in them.
    ///
    /// # Errors
    /// Why the report's page cannot be made, either.
    pub(super) fn compared_files(&self, folder: &Folder) -> Result<Vec<(Vec<PathBuf>, Rules)>> {
        let mut read = Vec::new();
        let (file, _) = self.report_settings(folder, &mut read)?;
        let mut found = Vec::new();
        for recorded in [&file.old, &file.new] {
            if matches!(recorded.value, Recorded::Commit { .. }) {
                continue;
            }
            let recordings = self.recordings_below(recorded, &mut read)?;
            let above = self.settings_above(recorded.value.folder(), &mut read);
            let named = NamedFiles::new(self.captures_root.path(), &self.options.trusted);
            let said_of = AllSettings::new(&recordings, above, named);
            for (name, files) in &recordings.captures {
                let said = said_of.of(name)?;
                let rules = Rules::of(&said.settings, said.profile.as_deref())?;
                found.push((recordings.files_of(files), rules));
            }
        }
        Ok(found)
    }

    /// What a report's file says, and the settings above it with what it says itself.
    fn report_settings(&self, folder: &Folder, read: &mut Vec<FileState>) -> Result<(ReportToml, Settings)> {
        let mut own = None;
        for file in &folder.files {
            if file.name() != REPORT {
                let message = format!("`{}` is in the folder of a report", file.name());
                return Err(Error::new(ErrorKind::Setting, message).at(Place::file(&file.path)).hint(
                    "a report has no trace and no page source of its own: move it to a folder beside, \
                     and say in `description` what there is to say",
                ));
            }
            let bytes = self.captures_root.read(&file.path, LARGEST_TEXT)?;
            let digest = Digest::of(&bytes);
            read.push(FileState { path: file.path.clone(), stat: file.stat, digest });
            own = Some(ReportToml::parse(&file.path, &decode(&file.path, bytes)?)?);
        }
        let own = own.ok_or_else(|| self.captures_root.outside(&folder.dir.join(REPORT)))?;
        let mut settings = self.settings_shared(folder, own.locale.as_ref(), read)?;
        settings.title.clone_from(&own.title);
        settings.description.clone_from(&own.description);
        Ok((own, settings))
    }

    /// The old recordings and the new ones.
    fn recordings(&self, report: &ReportToml, read: &mut Vec<FileState>) -> Result<[Recordings; 2]> {
        let root = self.captures_root;
        let path = |recorded: &Recorded| root.shown(recorded.folder().as_ref());
        let mut in_folder = |recorded: &Located<Recorded>| self.recordings_below(recorded, read);
        let of_commit = |recorded: &Located<Recorded>, rev: &str, other: &Recordings| {
            let found = Recordings::of_commit(rev, &path(&recorded.value), other).map_err(|error| {
                if error.place().is_none() { error.at(recorded.place.clone()) } else { error }
            })?;
            match found.captures.is_empty() {
                true => Err(no_recording(recorded, &recorded.value.to_string())),
                false => Ok(found),
            }
        };
        let (old, new) = (&report.old, &report.new);
        let rev = |recorded: &Located<Recorded>| match &recorded.value {
            Recorded::Folder(_) => None,
            Recorded::Commit { rev, .. } => Some(rev.clone()),
        };
        match (rev(old), rev(new)) {
            (None, None) => Ok([in_folder(old)?, in_folder(new)?]),
            (Some(rev), None) => {
                let new = in_folder(new)?;
                Ok([of_commit(old, &rev, &new)?, new])
            }
            (None, Some(rev)) => {
                let old = in_folder(old)?;
                let new = of_commit(new, &rev, &old)?;
                Ok([old, new])
            }
            (Some(of_old), Some(of_new)) => {
                let none = Recordings::none();
                Ok([of_commit(old, &of_old, &none)?, of_commit(new, &of_new, &none)?])
            }
        }
    }

    /// Those in a folder below that of the captures.
    fn recordings_below(
        &self,
        recorded: &Located<Recorded>,
        read: &mut Vec<FileState>,
    ) -> Result<Recordings> {
        let root = self.captures_root;
        let folder = root.shown(recorded.value.folder().as_ref());
        if !root.is_dir(&folder) {
            let gone = Error::new(ErrorKind::Io, format!("there is no folder `{}`", folder.display()));
            let error = root.leads_out(&folder).unwrap_or_else(|| gone.hint(
                "name a folder below that of the captures, or as a commit has it: `{ git = \"REV\", path = \"FOLDER\" }`",
            ));
            return Err(error.at(recorded.place.clone()));
        }
        let found = Recordings::in_folder(root.open_below(&folder)?)?;
        if found.captures.is_empty() {
            return Err(no_recording(recorded, &folder.display().to_string()));
        }
        read.extend(FileState::now(root, &folder));
        read.extend(found.files_on_disk().iter().filter_map(|file| FileState::now(root, file)));
        Ok(found)
    }

    /// The shared settings above a folder, from those of the captures' root on.
    fn settings_above(&self, folder: &str, read: &mut Vec<FileState>) -> Result<Vec<Layer>> {
        let root = self.captures_root;
        let mut layers = Vec::new();
        // Those of the folder itself come with its recordings.
        for above in ancestors(folder).filter(|above| *above != folder) {
            let file = root.shown(above.as_ref()).join(SHARED_SETTINGS);
            let Some(bytes) = root.read_if_there(&file, LARGEST_TEXT)? else { continue };
            read.extend(FileState::now(root, &file));
            layers.push(Layer::parse(&file, &decode(&file, bytes)?)?);
        }
        Ok(layers)
    }
}

fn no_recording(recorded: &Located<Recorded>, what: &str) -> Error {
    Error::new(ErrorKind::Io, format!("`{what}` holds no recording")).at(recorded.place.clone()).hint(
        "a recording is a `trace.har` or `trace.log` in a capture's folder, or a `.har` or `.log` file of any name",
    )
}

/// Two sets of recordings of which none, or no call, is in both say nothing of each other.
fn expect_something_in_common(report: &ReportToml, captures: &[Compared]) -> Result<()> {
    let (old, new) = (&report.old.value, &report.new.value);
    if !captures.iter().any(|compared| compared.there == There::Both) {
        let name = |there: There| captures.iter().find(|one| one.there == there).map(|one| &*one.name);
        let (in_old, in_new) = (name(There::OnlyOld), name(There::OnlyNew));
        let message = format!("`{old}` and `{new}` have no capture in common");
        return Err(Error::new(ErrorKind::Setting, message).at(report.new.place.clone()).hint(format!(
            "captures of the same path below the two are compared: `{}` is in the old one, `{}` in the new one",
            in_old.unwrap_or_default(),
            in_new.unwrap_or_default()
        )));
    }
    if have_no_call_in_common(captures) {
        let message =
            format!("no call of `{old}` is one of `{new}`: they are recordings of different systems");
        return Err(Error::new(ErrorKind::Setting, message)
            .at(report.new.place.clone())
            .hint("name recordings of the same commands on the same system, before and after its change"));
    }
    Ok(())
}

/// What a report's captures are read from.
struct Sides<'a> {
    old: (&'a Recordings, &'a AllSettings<'a>),
    new: (&'a Recordings, &'a AllSettings<'a>),
    phrases: &'a Phrases,
}

impl Sides<'_> {
    fn capture(
        &self,
        compared: &Compared,
        anchor: &Arc<str>,
        pair: Option<&Pair<'_>>,
    ) -> Result<Capture, Vec<Error>> {
        let name = &compared.name;
        let one = |error| vec![error];
        let (is_old, is_new) = match compared.there {
            There::Both => (true, true),
            There::OnlyOld => (true, false),
            There::OnlyNew => (false, true),
        };
        let of = |is_there: bool, (_, said): (&Recordings, &AllSettings<'_>)| {
            is_there.then(|| said.of(name)).transpose().map_err(one)
        };
        let (said_of_old, said_of_new) = (of(is_old, self.old)?, of(is_new, self.new)?);
        let title = [&said_of_new, &said_of_old]
            .into_iter()
            .find_map(|said| said.as_ref()?.settings.title.clone())
            .unwrap_or_else(|| name.clone());
        let section = Section { title, anchor: Arc::clone(anchor) };
        let state = match compared.there {
            There::Both => None,
            There::OnlyOld => Some(State::Removed),
            There::OnlyNew => Some(State::Added),
        };
        if let Some(state) = state {
            return Ok(Capture::alone(section, state, compared.exchanges));
        }
        let files = pair.and_then(|pair| Some((pair.old?, pair.new?)));
        let (Some(old), Some(new), Some(files)) = (said_of_old, said_of_new, files) else {
            return Err(vec![Error::fault()]);
        };
        let page =
            |recordings: &Recordings, files, said: CaptureSettings| -> Result<(Trace, Page), Vec<Error>> {
                let (trace, ..) = recordings.read(files).map_err(one)?;
                let page = page_of(name, &trace, &said, self.phrases)?;
                Ok((trace, page))
            };
        let pages = if compared.changes.is_empty() {
            None
        } else {
            // Which exchanges may be missing is said about the new recordings, as for a comparison.
            let (settings, profile) = (new.settings.clone(), new.profile.clone());
            let (old, new) = (page(self.old.0, files.0, old)?, page(self.new.0, files.1, new)?);
            let optional =
                [&old.0, &new.0].map(|trace| optional_exchanges(&settings, profile.as_deref(), trace));
            Some(Pages { alignment: &compared.alignment, optional, old, new })
        };
        Ok(Capture::compared(section, compared.exchanges, &compared.changes, pages.as_ref()))
    }
}

/// The page of a trace; what its settings say of single calls is said of another page.
fn page_of(name: &str, trace: &Trace, said: &CaptureSettings, phrases: &Phrases) -> Result<Page, Vec<Error>> {
    let mut settings = said.settings.clone();
    settings.labels.clear();
    settings.groups.clear();
    settings.notes.clear();
    Page::new(&Input {
        path: name,
        settings: &settings,
        profile: said.profile.as_deref(),
        phrases,
        trace,
        trace_file: "",
        log: &Text::new(),
        output: None,
    })
}
