// The token that the API asks for. It is kept in this tab's session storage and
// nowhere else.

const key = "mysqlda-token";
let asking = null;

export function token() { return sessionStorage.getItem(key); }

// askForToken shows the dialog, once at a time, and resolves when there is a token.
export function askForToken(why) {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("login");
    const field = document.getElementById("token");
    document.getElementById("login-why").textContent = why;
    sessionStorage.removeItem(key);
    field.value = "";
    // Nothing can be shown without one, so the dialog does not go away by Escape.
    dialog.oncancel = (event) => event.preventDefault();
    document.getElementById("login-form").onsubmit = () => {
      sessionStorage.setItem(key, field.value.trim());
      field.value = "";
      asking = null;
      resolve();
    };
    if (!dialog.open) dialog.showModal();
    field.focus();
  });
  return asking;
}
