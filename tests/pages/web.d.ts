// Types that half of the web pages' files name.

type App = import('../../functions/pages/web/app.js').App
type Child = import('../../functions/pages/web/view.js').Child
type Watch = import('../../functions/pages/web/desk/watch.js').Watch
