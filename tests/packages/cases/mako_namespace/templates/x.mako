<%namespace name="h" module="lib.helpers"/>
<%! from lib.consts import NAME %>
<%inherit file="base.mako"/>
${h.shout("hi")} ${NAME}
