/**
 * The first screen, without the game: few modules, so that a name can be typed while the game's are still loading.
 *
 * `index.html` names all modules (`modulepreload`), those of this screen first; a test keeps the list complete.
 */

import { byId } from "../pages/dom.js";
import { addressOptions, mayHaveSeat, rememberedPilot } from "./settings.js";
import { JoinScreen } from "./ui/join.js";

export const joinScreen = new JoinScreen(
  {
    screen: byId("join", HTMLElement),
    form: byId("join-form", HTMLFormElement),
    name: byId("name", HTMLInputElement),
    colours: byId("colours", HTMLElement),
    preview: byId("preview", HTMLCanvasElement),
    watch: byId("watch", HTMLButtonElement),
  },
  rememberedPilot(),
);

/** @param {number} nowMs */
function drawPreview(nowMs) {
  requestAnimationFrame(drawPreview);
  if (joinScreen.open) joinScreen.draw(nowMs / 1000);
}

const options = addressOptions(window.location.search);
if (options.name === null && !options.watch && !mayHaveSeat()) joinScreen.show();
requestAnimationFrame(drawPreview);
const game = import("./main.js");
// The game replaces these two once it is there.
joinScreen.onPlay = (pilot) => game.then(() => joinScreen.onPlay(pilot));
joinScreen.onWatch = () => game.then(() => joinScreen.onWatch());
