// Package browser tests wsconn against a real browser, Chromium without a
// window. There is no driver: the tests serve a page (the files in page), which
// asks them what to do, does it, and posts what came of it. The package has
// nothing but tests. They need the program chromium, and fail without.
package browser
