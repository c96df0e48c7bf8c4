"""Page settings and navigation, nothing else; Streamlit runs this file anew for every visit and every click."""

import streamlit as st

from dashboard import brand, filters, routes
from dashboard.views import breakers, data, incidents, overview

st.set_page_config(page_title="Breakwatch", page_icon=brand.icon(), layout="wide", initial_sidebar_state="collapsed")
st.logo(brand.logo(filters.page_mode()), size="small")
PAGES = {
    "overview": st.Page(overview.render, title="Overview", url_path="overview", default=True),
    "breakers": st.Page(breakers.render, title="Breakers", url_path="breakers"),
    "incidents": st.Page(incidents.render, title="Incidents", url_path="incidents"),
    "data": st.Page(data.render, title="Data", url_path="data"),
}
routes.register(PAGES)
st.navigation(list(PAGES.values()), position="top").run()
