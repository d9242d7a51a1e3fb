# Shared by ./run, ./test and ./egregore: set-up steps, each doing nothing when its work is done already.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

need_sdk() {
  command -v dotnet >/dev/null || die "the .NET 10 SDK is not on PATH; install it from https://dotnet.microsoft.com and run this again"
  command -v npm >/dev/null || die "Node (20 or later) with npm is not on PATH; install it from https://nodejs.org and run this again"
}

# Debian packages that only the tests need.
need_debian() {
  local missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  command -v flatc >/dev/null || missing+=(flatbuffers-compiler)
  [ -e /usr/lib/x86_64-linux-gnu/libsqlite3.so.0 ] || [ -e /usr/lib/aarch64-linux-gnu/libsqlite3.so.0 ] || missing+=(libsqlite3-0)
  # Peers that the WebRTC library is tested against; its tests say so where one is missing.
  command -v turnserver >/dev/null || missing+=(coturn)
  command -v firefox-esr >/dev/null || missing+=(firefox-esr)
  command -v go >/dev/null || missing+=(golang-go)
  [ -d /usr/share/gocode/src/github.com/pion/webrtc ] || missing+=(golang-github-pion-webrtc.v3-dev)
  command -v bwrap >/dev/null || missing+=(bubblewrap)
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || die "the tests need ${missing[*]} (Debian's package names); install them and run this again"
  local sudo=""
  [ "$(id -u)" -eq 0 ] || sudo="sudo"
  say "installing ${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# npm ci in folder $1, once for each lock file.
npm_install() {
  local stamp="$1/node_modules/.installed"
  [ -e "$stamp" ] && cmp -s "$stamp" "$1/package-lock.json" && return 0
  say "installing npm packages of $1"
  npm ci --prefix "$1" --no-audit --no-fund --loglevel=error >&2
  cp "$1/package-lock.json" "$stamp"
}

# The pages: TypeScript to web/dist, skipped while no source is newer.
build_web() {
  npm_install web
  if [ ! -e web/dist/index.html ] || [ -n "$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit)" ]; then
    say "building the pages"
    npm run --prefix web --silent build >&2
  fi
}

# .NET for the tab, to artifacts/browser (incremental by MSBuild).
build_browser() {
  say "building .NET for the browser"
  dotnet build src/Egregore.Browser -c Release -nologo -v quiet -t:BundleBrowser >&2
}
