/** How the rink lies on the screen: as large as fits under the score, and turned where the window is taller than wide. */

/** As in gameserver/games/hockey_rink.py. Only for drawing. */
export const RINK_WIDTH = 1600;
export const RINK_HEIGHT = 900;
export const GOAL_DEPTH = 62;

const MARGIN = 34;
const SCORE_PX = 78;
const SCORE_TURNED_PX = 118;

/** @typedef {"red" | "blue"} Team */

export class View {
  /** Which team's goal is at the bottom of a tall window. @type {Team} */
  side = "red";
  width = 0;
  height = 0;
  /** Pixels of the canvas for each pixel of the page. */
  density = 1;
  /** Pixels of the canvas for each unit of the rink. */
  scale = 1;
  turned = false;

  /** Makes the canvas as large as its element. @param {HTMLCanvasElement} canvas */
  fit(canvas) {
    this.density = Math.min(2, window.devicePixelRatio || 1);
    this.width = Math.round(canvas.clientWidth * this.density);
    this.height = Math.round(canvas.clientHeight * this.density);
    if (canvas.width !== this.width) canvas.width = this.width;
    if (canvas.height !== this.height) canvas.height = this.height;
    this.turned = this.height > this.width;
    const [long, short] = [RINK_WIDTH + 2 * (GOAL_DEPTH + 12), RINK_HEIGHT + 2 * MARGIN];
    const [wide, tall] = this.turned ? [short, long] : [long, short];
    this.scale = Math.min(this.width / wide, (this.height - this.#top) / tall);
  }

  get #top() {
    return (this.turned ? SCORE_TURNED_PX : SCORE_PX) * this.density;
  }

  /** What a picture that does not change depends on. */
  get key() {
    return `${this.width} ${this.height} ${this.density} ${this.turned ? this.side : ""}`;
  }

  /** Draws in units of the rink from now on. @param {CanvasRenderingContext2D} ctx */
  enter(ctx) {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.translate(this.width / 2, (this.height + this.#top) / 2);
    if (this.turned) ctx.rotate(this.side === "red" ? -Math.PI / 2 : Math.PI / 2);
    ctx.scale(this.scale, this.scale);
    ctx.translate(-RINK_WIDTH / 2, -RINK_HEIGHT / 2);
  }

  /** Where a place on the rink is on the canvas. @param {number} x @param {number} y @returns {[number, number]} */
  onScreen(x, y) {
    const across = (x - RINK_WIDTH / 2) * this.scale;
    const along = (y - RINK_HEIGHT / 2) * this.scale;
    const [right, down] = this.#turn(across, along);
    return [this.width / 2 + right, (this.height + this.#top) / 2 + down];
  }

  /** A direction on the screen as one on the rink. @param {number} x @param {number} y @returns {[number, number]} */
  turnBack(x, y) {
    if (!this.turned) return [x, y];
    return this.side === "red" ? [-y, x] : [y, -x];
  }

  /** @param {number} x @param {number} y @returns {[number, number]} */
  #turn(x, y) {
    if (!this.turned) return [x, y];
    return this.side === "red" ? [y, -x] : [-y, x];
  }
}
