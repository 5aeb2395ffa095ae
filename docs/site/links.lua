-- Links of a page as they are on GitHub become links of the site: pages to pages, headers and names
-- to the reference, other files of the repository to a page that shows them.
--
-- Set by scripts/docs: SITE_PAGE, the page's path; SITE_ROOT, the way from it to the site's root;
-- SITE_TAGS, Doxygen's tag file; SITE_NEEDED, a file that gets the paths of sources to show.
local page, root = os.getenv("SITE_PAGE"), os.getenv("SITE_ROOT")

-- Of the reference: headers by path, types by name, functions by name (the first of a name).
local headers, types, functions = {}, {}, {}
local function read_tags()
  local file = assert(io.open(os.getenv("SITE_TAGS")))
  local text = file:read("a")
  file:close()
  for kind, body in text:gmatch('<compound kind="(%a+)"[^>]*>(.-)</compound>') do
    local name = body:match("<name>(.-)</name>")
    local url = body:match("<filename>(.-)</filename>")
    if kind == "file" then
      headers[(body:match("<path>(.-)</path>") or "") .. name] = url
    elseif kind == "class" or kind == "struct" then
      types[name:gsub("^tailgrad::", "")] = url
    elseif kind == "namespace" and name == "tailgrad" then
      for member in body:gmatch('<member kind="function">(.-)</member>') do
        local of = member:match("<name>(.-)</name>")
        functions[of] = functions[of] or
          member:match("<anchorfile>(.-)</anchorfile>") .. "#" .. member:match("<anchor>(.-)</anchor>")
      end
    end
  end
end
read_tags()

-- "docs/guide/../x" without its dots.
local function plain(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then table.remove(parts) elseif part ~= "." then parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

local function need(path)
  local file = assert(io.open(os.getenv("SITE_NEEDED"), "a"))
  file:write(path, "\n")
  file:close()
end

local function is_folder(path) return io.open(path .. "/.", "r") ~= nil end

function Link(link)
  local target, anchor = link.target:match("^([^#]*)(#?.*)$")
  if target == "" or target:match("^%a+:") then return nil end
  local path = plain((page:match("^(.*/)") or "") .. target)
  if path:match("%.md$") then
    path = path:gsub("README%.md$", "index.html"):gsub("%.md$", ".html")
  elseif headers[path] then
    path = "reference/" .. headers[path]
  elseif is_folder(path) then
    need(path)
    path = "source/" .. path .. "/index.html"
  else
    need(path)
    path = "source/" .. path .. ".html"
  end
  link.target = root .. path .. anchor
  return link
end

-- Names in running text that the reference knows.
local function name_link(code)
  local text = code.text
  local url = headers[text] or types[text]
  local of, call = text:match("^([%a_][%w_]*)(%(?%)?)$")
  if not url and of and (call == "()" or of:match("_") or page:match("^docs/guide/")) then
    url = functions[of]
  end
  if url then return pandoc.Link(code, root .. "reference/" .. url), false end
end

-- Names are not looked for inside of links and headings; tables scroll by themselves.
return {
  { Link = Link },
  {
    traverse = "topdown",
    Header = function(header) return header, false end,
    Link = function(link) return link, false end,
    Code = name_link,
  },
  {
    Table = function(t)
      return { pandoc.RawBlock("html", '<div class="scroll">'), t, pandoc.RawBlock("html", "</div>") }
    end,
  },
}
