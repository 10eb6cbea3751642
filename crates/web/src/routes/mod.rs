//! The routes. Each file registers its own in one function; a new file adds two lines here.

mod health;

use crate::route::Routes;

/// Registers every route.
pub(crate) fn all(routes: &mut Routes) {
    health::register(routes);
}
