// Whether this browser's language is Chinese: what is said here is said in Chinese or in English.
// Stands first in each component's script.
const chinese = /^zh\b/i.test(navigator.language);
