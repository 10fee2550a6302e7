"use strict";
// Puts a button beside the next command. Without a clipboard the text is selected, to be copied by hand.
for (const code of document.querySelectorAll(".answer .next code")) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
  const said = Object.assign(document.createElement("span"), { className: "away", role: "status" });
  const tell = (text) => {
    button.textContent = said.textContent = text;
    setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 3000);
  };
  const select = () => {
    getSelection().selectAllChildren(code);
    tell("Selected");
  };
  button.addEventListener("click", () => {
    if (!navigator.clipboard) return select();
    return navigator.clipboard.writeText(code.textContent).then(() => tell("Copied"), select);
  });
  code.after(" ", button, said);
}
