// When the page has arrived.
(token) => {
  try {
    sessionStorage.draggan = token;
    sessionStorage.removeItem("draggan_placed");  // it is on the server now, and soon an old one
  } catch { /* refused */ }
}
