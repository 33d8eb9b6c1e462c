//! The table of budgets and measurements.

use std::fmt;

#[derive(Clone, Debug)]
pub(crate) struct Row {
    what: String,
    budget: String,
    measured: String,
    /// Of the worst figure, measured divided by budget.
    ratio: Option<f64>,
    verdict: &'static str,
    notes: Vec<String>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, budget: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            budget: budget.into(),
            measured: String::new(),
            ratio: None,
            verdict: "",
            notes: Vec::new(),
        }
    }

    /// `figures` are pairs of measured and budget. The worst one decides the verdict.
    pub(crate) fn measured(mut self, text: impl Into<String>, figures: &[(f64, f64)]) -> Self {
        self.measured = text.into();
        let worst = figures
            .iter()
            .map(|(measured, budget)| measured / budget)
            .reduce(f64::max);
        self.ratio = worst;
        self.verdict = match worst {
            Some(worst) if worst > 1.0 => "over",
            Some(_) => "ok",
            None => "",
        };
        self
    }

    /// Like [`Row::measured`] where more is better: the ratio is budget divided by measured.
    pub(crate) fn reached(self, text: impl Into<String>, measured: f64, at_least: f64) -> Self {
        self.measured(text, &[(at_least, measured)])
    }

    pub(crate) fn not_measured(mut self, why: impl Into<String>) -> Self {
        self.measured = why.into();
        self.verdict = "not measured";
        self
    }

    /// Adds a line below the table.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn cells(&self) -> [String; 5] {
        let ratio = self
            .ratio
            .map(|ratio| format!("{ratio:.2}"))
            .unwrap_or_default();
        [
            self.what.clone(),
            self.budget.clone(),
            self.measured.clone(),
            ratio,
            self.verdict.to_owned(),
        ]
    }
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["", "budget", "measured", "ratio", ""].map(str::to_owned);
        let lines: Vec<[String; 5]> = std::iter::once(head)
            .chain(self.rows.iter().map(Row::cells))
            .collect();
        let widths: [usize; 5] = std::array::from_fn(|column| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or_default()
        });
        for line in &lines {
            let [what, budget, measured, ratio, verdict] = line;
            let [a, b, c, d, _] = widths;
            let text = format!("{what:<a$}  {budget:<b$}  {measured:<c$}  {ratio:>d$}  {verdict}");
            writeln!(f, "{}", text.trim_end())?;
        }
        for row in self.rows.iter().filter(|row| !row.notes.is_empty()) {
            writeln!(f, "\n{}", row.what)?;
            for note in &row.notes {
                writeln!(f, "  {note}")?;
            }
        }
        Ok(())
    }
}

/// `share` is 0 to 1.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (share * last as f64).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}
