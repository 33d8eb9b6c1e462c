// What the shared logic names of a browser, which mini-programs do not have: files, in types alone.
interface Blob { readonly type: string }
