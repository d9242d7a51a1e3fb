export interface Graphics {
  webgl2: boolean;
  /** The browser draws on the processor: everything is kept light. */
  software: boolean;
}

let probed: Graphics | undefined;

/** Asks a throw-away context, once (a context costs up to 200 ms where the processor draws). */
export function probeGraphics(): Graphics {
  if (probed) return probed;
  const context = document.createElement('canvas').getContext('webgl2');
  const info = context?.getExtension('WEBGL_debug_renderer_info');
  const name = context && info ? String(context.getParameter(info.UNMASKED_RENDERER_WEBGL)) : '';
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  probed = { webgl2: context !== null, software: /swiftshader|llvmpipe|software|basic render/i.test(name) };
  return probed;
}
