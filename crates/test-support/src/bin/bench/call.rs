//! A call that wrk makes again and again.

/// What wrk calls.
pub(crate) struct Call<'a> {
    pub(crate) base: &'a str,
    pub(crate) path: &'a str,
    pub(crate) token: &'a str,
    pub(crate) script: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub(crate) fn with(self, script: &'a str) -> Self {
        Self { script: Some(script), ..self }
    }

    /// Whether each call is another customer's.
    pub(crate) fn has_script(&self) -> bool {
        self.script.is_some()
    }
}
