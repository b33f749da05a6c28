"use strict";
(async () => {
  const text = (id) => document.getElementById(id).textContent;
  const plots = [...document.querySelectorAll(".plot")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
  const themes = JSON.parse(text("themes"));
  const views = new Map();
  const narrow = 400;

  const fail = (plot, error) => {
    plot.textContent = `This chart cannot be drawn here: ${error.message}. Its numbers are below.`;
    plot.classList.add("note");
    const numbers = plot.parentElement.querySelector("details");
    if (numbers) numbers.open = true;
  };

  // Nothing outside this page is read; `refused` gets what a chart asked for.
  const loaderFor = (refused) => {
    const outside = async (uri) => {
      refused.push(uri);
      throw new Error(`${uri} is outside this page`);
    };
    const sanitize = async (uri, options) => {
      const allowed = options && options.context === "href" ? /^https?:/ : /^data:/;
      return allowed.test(uri) ? { href: uri } : outside(uri);
    };
    return { load: outside, http: outside, file: outside, sanitize };
  };

  // A narrow chart has its legend in rows of two.
  const fitted = (theme, width) =>
    width < narrow ? { ...theme, legend: { ...theme.legend, columns: 2 } } : theme;

  const show = async (plot, mode) => {
    const refused = [];
    try {
      const spec = JSON.parse(plot.previousElementSibling.textContent);
      if (views.has(plot)) views.get(plot).finalize();
      const shown = await window.mainspringEmbed(plot, spec, {
        mode: "vega-lite",
        renderer: "svg",
        actions: false,
        defaultStyle: false,
        config: fitted(themes[mode], plot.clientWidth),
        tooltip: { theme: mode },
        loader: loaderFor(refused),
      });
      views.set(plot, shown);
      if (refused.length) throw new Error(`it refers to ${refused[0]}, which is outside this page`);
    } catch (error) {
      fail(plot, error);
    }
  };
  const draw = () => {
    const mode = dark.matches && !paper.matches ? "dark" : "light";
    return Promise.all(plots.map((plot) => show(plot, mode)));
  };

  try {
    const packed = Uint8Array.from(atob(text("vega")), (character) => character.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    if (!window.mainspringEmbed) throw new Error("the script that draws it did not load");
  } catch (error) {
    for (const plot of plots) fail(plot, error);
    return;
  }
  await draw();
  dark.addEventListener("change", draw);
  // Paper is light, and of another width.
  paper.addEventListener("change", draw);
})();
