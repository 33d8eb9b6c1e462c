// The sound of a new offer: two short tones, made here. Browsers allow it once somebody has touched the page.

/** @type {AudioContext | null} */
let context = null

/** Whether the browser does not let anything be heard yet. */
export const isQuiet = () => context?.state !== 'running'

/** Asks the browser for sound; it gives it after a touch or a key. */
export async function wake() {
  try {
    context = context || new AudioContext()
    await context.resume()
  } catch {
    // No sound here: offers are still seen, and phones vibrate.
  }
}

export function chime() {
  navigator.vibrate?.([180, 90, 180])
  if (!context || context.state !== 'running') return
  ;[880, 1175].forEach((pitch, number) => tone(/** @type {AudioContext} */ (context), pitch, number * 0.16))
}

/** @param {AudioContext} context @param {number} pitch in hertz @param {number} after in seconds */
function tone(context, pitch, after) {
  const [oscillator, volume, start] = [context.createOscillator(), context.createGain(), context.currentTime + after]
  oscillator.frequency.value = pitch
  volume.gain.setValueAtTime(0.0001, start)
  volume.gain.exponentialRampToValueAtTime(0.3, start + 0.02)
  volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.3)
  oscillator.connect(volume).connect(context.destination)
  oscillator.start(start)
  oscillator.stop(start + 0.32)
}
