// What the page can do beyond what it says: a line under the pointer, the seat under the pointer,
// the sale played again, and a search for a seat. Nothing is shown that the page does not have.
"use strict";
(function () {
  document.documentElement.classList.add("scripted");

  // The line through all plots of a stack, and what happened then.
  document.querySelectorAll(".stack").forEach(function (stack) {
    var readings = JSON.parse(stack.querySelector(".readings").textContent);
    var out = stack.querySelector(".reading");
    var cursors = stack.querySelectorAll(".cursor");
    var plot = stack.querySelector(".plot");
    function show(event) {
      var box = plot.getBoundingClientRect();
      var place = (event.clientX - box.left) / box.width;
      var at = readings.find(function (one) { return one[0] <= place && place < one[1]; });
      cursors.forEach(function (cursor) {
        cursor.style.display = at ? "block" : "none";
        cursor.style.left = place * 100 + "%";
      });
      out.textContent = at ? at[2] : "";
    }
    function hide() {
      cursors.forEach(function (cursor) { cursor.style.display = "none"; });
      out.textContent = "";
    }
    stack.addEventListener("pointermove", show);
    stack.addEventListener("pointerdown", show);
    stack.addEventListener("pointerleave", hide);
  });

  var source = document.getElementById("seats");
  if (!source) { return; }
  var seats = JSON.parse(source.textContent);
  var map = document.querySelector(".map");
  var drawing = map.querySelector("svg");
  var view = drawing.viewBox.baseVal;
  var here = map.querySelector(".here");
  var tip = map.querySelector(".tip");
  var fates = ["", "sold before or to others", "in a hold at the end", "not sold",
    "kept by the organizer"];

  // Differences become numbers, and shared beginnings become labels.
  var x = 0, y = 0, last = "";
  seats.x = seats.x.map(function (by) { return (x += by); });
  seats.y = seats.y.map(function (by) { return (y += by); });
  seats.label = seats.label.map(function (own, number) {
    return (last = last.slice(0, seats.shared[number]) + own);
  });

  function label(number) {
    var text = seats.label[number];
    if (text === undefined) { text = "seat " + (number * seats.together + 1); }
    return seats.together > 1 ? text + " and " + (seats.together - 1) + " more" : text;
  }

  function seconds(hundredths) { return (hundredths / 100).toFixed(2) + " s"; }

  function point(number) {
    if (number < 0) {
      here.setAttribute("cx", "-9999");
      tip.hidden = true;
      return;
    }
    here.setAttribute("cx", seats.x[number]);
    here.setAttribute("cy", seats.y[number]);
    var fate = seats.fate[number];
    tip.textContent = label(number) + ": " +
      (fate < 0 ? fates[-fate] : "sold after " + seconds(fate));
    tip.hidden = false;
    // It stays on the page: beside the edge it leans inwards.
    var width = map.clientWidth, half = tip.offsetWidth / 2;
    var left = seats.x[number] / view.width * width;
    tip.style.left = Math.max(half, Math.min(width - half, left)) + "px";
    tip.style.top = seats.y[number] / view.height * map.clientHeight + "px";
  }

  function nearest(event) {
    var box = drawing.getBoundingClientRect();
    var atX = (event.clientX - box.left) / box.width * view.width;
    var atY = (event.clientY - box.top) / box.height * view.height;
    // Within a finger's width.
    var best = -1, distance = Math.pow(14 / box.width * view.width, 2);
    for (var number = 0; number < seats.x.length; number += 1) {
      var aside = seats.x[number] - atX, below = seats.y[number] - atY;
      var square = aside * aside + below * below;
      if (square < distance) { distance = square; best = number; }
    }
    return best;
  }

  function look(event) { point(nearest(event)); }
  drawing.addEventListener("pointermove", look);
  drawing.addEventListener("pointerdown", look);
  drawing.addEventListener("pointerleave", function () { point(-1); });

  // The sale again: colours that are later than the slider says are not there yet.
  var colours = document.querySelectorAll("#venue [data-from]");
  var until = document.getElementById("until");
  var text = document.getElementById("until-text");
  var play = document.getElementById("play");
  var running = 0;
  function draw() {
    var now = Number(until.value);
    colours.forEach(function (path) {
      path.classList.toggle("later", Number(path.dataset.from) > now);
    });
    text.textContent = now >= Number(until.max) ? "the end" : seconds(now / 10);
  }
  function stop() {
    cancelAnimationFrame(running);
    running = 0;
    play.textContent = "Play the sale";
  }
  play.addEventListener("click", function () {
    if (running) { stop(); return; }
    var end = Number(until.max), began = performance.now();
    var from = Number(until.value) >= end ? 0 : Number(until.value);
    var lasts = Math.min(12000, Math.max(3000, end));
    play.textContent = "Pause";
    function frame(now) {
      var at = from + (now - began) / lasts * end;
      until.value = Math.min(at, end);
      draw();
      if (at < end) { running = requestAnimationFrame(frame); } else { stop(); }
    }
    running = requestAnimationFrame(frame);
  });
  until.addEventListener("input", function () { stop(); draw(); });

  var find = document.getElementById("find");
  find.addEventListener("input", function () {
    var wanted = find.value.trim().toLowerCase();
    // The whole label before one that only has it somewhere.
    var whole = seats.label.findIndex(function (one) { return one.toLowerCase() === wanted; });
    var part = seats.label.findIndex(function (one) { return one.toLowerCase().includes(wanted); });
    point(wanted === "" ? -1 : whole >= 0 ? whole : part);
  });

  if (colours.length > 1) { document.querySelector(".controls").hidden = false; }
})();
